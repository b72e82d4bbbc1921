/**
 * Reads the `.h5` files of Cell Ranger: one group `matrix` since version 3, one group a genome before.
 *
 * @module
 */

import type { CountMatrix, ReadOptions } from "../count_matrix.ts";
import { openSparse } from "../sparse.ts";
import { sparseRows } from "../sparse_rows.ts";
import type { Stored } from "../stored.ts";
import { unreadable } from "../unreadable.ts";
import { readFeatures } from "./features.ts";

/** The group of version 3. */
const MATRIX = "matrix";

/** Whether the file has the layout of Cell Ranger, in either version. */
export const isTenx = (file: Stored): boolean => groupsOf(file).length > 0;

/**
 * Opens the matrix: features × barcodes in compressed columns, which are compressed rows of cells.
 * The option `matrix` may name one of several genomes. Throws an `InputError` where it is damaged.
 */
export async function readTenx(file: Stored, options: ReadOptions): Promise<CountMatrix> {
  const groups = groupsOf(file);
  const at = chosenGroup(file, groups, options.matrix);
  const [genes, cells] = await shapeOf(file, at);
  const barcodes = file.array(`${at}/barcodes`).shape[0];
  if (barcodes !== cells) {
    throw unreadable(file.path, `"${at}/barcodes" names ${barcodes} cells, not ${cells}`);
  }
  const features = await readFeatures({ file, at, genes }, options);
  const sparse = await openSparse(file, at, [cells, genes]);
  return {
    path: file.path,
    cells,
    entries: sparse.borders[cells],
    symbols: features.symbols,
    obs: [],
    others: at === MATRIX ? features.genomes : groups.filter((group) => group !== at),
    provenance: `values from ${at}, symbols from ${at}/${features.from}`,
    notes: features.notes,
    rows: (batch, from = 0) => sparseRows(sparse, { batch, from }),
  };
}

/** The groups with a matrix in them: "matrix" alone, or the genomes. */
function groupsOf(file: Stored): string[] {
  const has = (at: string) =>
    ["barcodes", "data", "indices", "indptr"].every((part) =>
      file.kind(`${at}/${part}`) === "array"
    );
  return has(MATRIX) ? [MATRIX] : file.names("").filter(has);
}

function chosenGroup(file: Stored, groups: readonly string[], asked: string): string {
  if (groups[0] === MATRIX) return MATRIX;
  if (groups.includes(asked)) return asked;
  if (asked === "X" && groups.length === 1) return groups[0];
  const each = groups.map((group) => `--matrix ${group}`).join(" or ");
  throw unreadable(
    file.path,
    asked === "X"
      ? `it has a matrix for each genome; choose one with ${each}`
      : `there is no genome "${asked}" in it; ${each} works`,
  );
}

async function shapeOf(file: Stored, at: string): Promise<number[]> {
  const shape = file.array(`${at}/shape`);
  if (shape.shape.length === 1 && shape.shape[0] === 2) return [...await shape.numbers(0, 2)];
  throw unreadable(file.path, `"${at}/shape" is not the two numbers of features and barcodes`);
}
