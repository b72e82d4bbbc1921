/**
 * The rows of a Matrix Market file whose lines come cell by cell.
 *
 * @module
 */

import type { RowRequest, Rows } from "./count_matrix.ts";
import { mtxEntries, type MtxMatrix } from "./mtx_entries.ts";
import { rowBuilder } from "./row_builder.ts";
import { unreadable } from "./unreadable.ts";

/**
 * The cells in order, empty ones included; genes may come in any order within a cell. Throws an
 * `InputError` where an earlier cell comes after a later one.
 */
export async function* mtxRows(
  matrix: MtxMatrix,
  { batch, from }: RowRequest,
): AsyncGenerator<Rows> {
  const all = matrix.head.size[matrix.cellAt];
  const builder = rowBuilder(batch, from);
  let before = 0, last = 0;
  for await (const { length, cells, genes, values } of mtxEntries(matrix)) {
    for (let i = 0; i < length; i++) {
      const cell = cells[i];
      if (cell < last) throw unsorted(matrix, before + i + 1, [cell, last]);
      last = cell;
      if (cell < from) continue;
      for (; builder.next <= cell; builder.open()) if (builder.full) yield builder.take();
      builder.add(genes[i], values[i]);
    }
    before += length;
  }
  for (; builder.next < all; builder.open()) if (builder.full) yield builder.take();
  if (builder.next > from) yield builder.take();
}

function unsorted(
  { head, cellAt }: MtxMatrix,
  entry: number,
  [cell, last]: readonly [cell: number, last: number],
) {
  const number = cellAt === 1 ? "second" : "first";
  return unreadable(
    head.path,
    `entry ${entry} belongs to cell ${cell + 1} but comes after cell ${
      last + 1
    }; sort its lines by the ${number} number, which counts the cells`,
  );
}
