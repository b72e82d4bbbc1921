/**
 * Reads h5ad files: AnnData's HDF5 layout.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import type { InputError } from "../../core/errors.ts";
import type { CountMatrix, ReadOptions } from "./count_matrix.ts";
import { type H5File, openH5 } from "./h5_file.ts";
import { openMatrix, type StoredMatrix } from "./h5ad_matrix.ts";
import { openTable } from "./h5ad_table.ts";
import { obsColumns } from "./obs_columns.ts";
import { symbolsOf } from "./symbols.ts";
import { tryReading, unreadable } from "./unreadable.ts";

/** Opens an h5ad file; it closes with the scope. Compression: none, gzip, shuffle or fletcher32. */
export const openH5ad: (
  path: string,
  options: ReadOptions,
) => Effect.Effect<CountMatrix, InputError, Scope.Scope> = Effect.fnUntraced(
  function* (path: string, options: ReadOptions) {
    const file = yield* openH5(path);
    return yield* tryReading(path, () => readMatrix(file, options));
  },
);

function readMatrix(file: H5File, options: ReadOptions): CountMatrix {
  const matrices = matricesOf(file);
  if (!matrices.includes(options.matrix)) {
    throw unreadable(
      file.path,
      `there is no matrix "${options.matrix}" in it; ${listOf(matrices)}`,
    );
  }
  const at = options.matrix === "raw/X" ? "raw/var" : "var";
  const var_ = openTable(file, at), obs = openTable(file, "obs");
  const stored = openMatrix(file, options.matrix);
  checkSize(file, options.matrix, stored, [obs.rows, var_.rows]);
  const { symbols, from, notes } = symbolsOf(file, var_, at, options.symbols);
  const described = obsColumns(obs, options.categories);
  return {
    path: file.path,
    cells: stored.cells,
    symbols,
    obs: described.columns,
    others: matrices.filter((name) => name !== options.matrix),
    provenance: `values from ${options.matrix}, symbols from ${at}/${from}`,
    notes: [...notes, ...described.notes],
    async *rows(batch) {
      yield* stored.rows(batch);
    },
  };
}

/** The matrices of cells × genes in a file. */
function matricesOf(file: H5File): string[] {
  const layers = file.names("layers").map((name) => `layers/${name}`);
  return ["X", "raw/X", ...layers].filter((at) =>
    file.kind(at) !== "nothing" && file.attribute(at, "encoding-type") !== "null"
  );
}

const listOf = (matrices: readonly string[]): string =>
  matrices.length > 0 ? `it has ${matrices.join(", ")}` : "it is no h5ad file";

function checkSize(
  file: H5File,
  at: string,
  matrix: StoredMatrix,
  [cells, genes]: readonly [cells: number, genes: number],
): void {
  if (matrix.cells === cells && matrix.genes === genes) return;
  throw unreadable(
    file.path,
    `"${at}" has ${matrix.cells} × ${matrix.genes} values, but obs and var name ${cells} cells and ${genes} genes`,
  );
}
