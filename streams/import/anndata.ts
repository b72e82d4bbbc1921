/**
 * Cells × genes in AnnData's layout, whatever it is stored in.
 *
 * @module
 */

import { openMatrix, type StoredMatrix } from "./anndata_matrix.ts";
import { openTable } from "./anndata_table.ts";
import type { CountMatrix, ReadOptions } from "./count_matrix.ts";
import { obsColumns } from "./obs_columns.ts";
import { entriesHeld } from "./passes.ts";
import type { Stored } from "./stored.ts";
import { symbolsOf } from "./symbols.ts";
import { unreadable } from "./unreadable.ts";

/** Opens the matrix that the options ask for; throws an `InputError` where there is none. */
export async function readAnnData(file: Stored, options: ReadOptions): Promise<CountMatrix> {
  const matrices = matricesOf(file);
  if (!matrices.includes(options.matrix)) {
    throw unreadable(
      file.path,
      `there is no matrix "${options.matrix}" in it; ${listOf(matrices)}`,
    );
  }
  const at = options.matrix === "raw/X" ? "raw/var" : "var";
  const table = openTable(file, at), obs = openTable(file, "obs");
  const stored = await openMatrix(file, options.matrix, entriesHeld(options));
  checkSize(file, options.matrix, stored, [obs.rows, table.rows]);
  const { symbols, from, notes } = await symbolsOf(file, at, { table, asked: options.symbols });
  const described = await obsColumns(obs, options.categories);
  return {
    path: file.path,
    cells: stored.cells,
    ...(stored.entries !== undefined && { entries: stored.entries }),
    symbols,
    obs: described.columns,
    leftOut: described.leftOut,
    others: matrices.filter((name) => name !== options.matrix),
    provenance: `values from ${options.matrix}, symbols from ${at}/${from}`,
    notes: [...notes, ...described.notes],
    async *rows(batch, from = 0) {
      for await (const rows of stored.rows({ batch, from })) {
        await described.load(rows.first, rows.first + rows.offsets.length - 1);
        yield rows;
      }
    },
  };
}

/** The matrices of cells × genes in a file. */
function matricesOf(file: Stored): string[] {
  const layers = file.names("layers").map((name) => `layers/${name}`);
  return ["X", "raw/X", ...layers].filter((at) =>
    file.kind(at) !== "nothing" && file.attribute(at, "encoding-type") !== "null"
  );
}

const listOf = (matrices: readonly string[]): string =>
  matrices.length > 0 ? `it has ${matrices.join(", ")}` : "it holds no AnnData";

function checkSize(
  file: Stored,
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
