/**
 * Compressed rows, read a block of cells at a time.
 *
 * @module
 */

import { MOST_ENTRIES, type RowRequest, type Rows } from "./count_matrix.ts";
import type { Sparse } from "./sparse.ts";

/** Entries that are read together, so that no chunk of the file is unpacked for every batch anew. */
const BLOCK = 2 ** 19;

/** The rows of a CSR matrix in order, read once. */
export async function* sparseRows(
  matrix: Sparse,
  { batch, from }: RowRequest,
): AsyncGenerator<Rows> {
  const { borders, major } = matrix;
  // Used again and again: fresh memory costs several times as much as what is copied into it.
  let columns = new Uint32Array(0), values = new Float64Array(0);
  for (let first = from; first < major;) {
    const end = endOfBlock(borders, first);
    const start = borders[first], stop = borders[end];
    if (stop - start > columns.length) {
      columns = new Uint32Array(stop - start);
      values = new Float64Array(stop - start);
    }
    columns.set(await matrix.indices(start, stop));
    values.set(await matrix.data(start, stop));
    yield* cutRows({ borders, columns, values }, first, { batch, to: end });
    first = end;
  }
}

/** Entries of consecutive cells, and where each cell would begin if all were there. */
export interface Block {
  readonly borders: Float64Array;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

/** The cells `first … to - 1`, which are all of a block, in batches that are views of it. */
export function* cutRows(
  { borders, columns, values }: Block,
  first: number,
  { batch, to }: { readonly batch: number; readonly to: number },
): Generator<Rows> {
  const start = borders[first];
  for (let row = first; row < to;) {
    const next = endOfBatch(borders, row, Math.min(batch, to - row));
    const offsets = new Uint32Array(next - row + 1);
    for (let i = 0; i <= next - row; i++) offsets[i] = borders[row + i] - borders[row];
    const from = borders[row] - start, end = borders[next] - start;
    yield {
      first: row,
      offsets,
      columns: columns.subarray(from, end),
      values: values.subarray(from, end),
    };
    row = next;
  }
}

/** Row behind the last of a block; it has at least one row, however many entries that holds. */
function endOfBlock(borders: Float64Array, first: number): number {
  let end = first + 1;
  while (end + 1 < borders.length && borders[end + 1] - borders[first] <= BLOCK) end++;
  return end;
}

/** Row behind the last of a batch: `batch` rows, or fewer when they hold many entries; at least one. */
function endOfBatch(borders: Float64Array, first: number, batch: number): number {
  let end = first + 1;
  while (end < first + batch && borders[end + 1] - borders[first] <= MOST_ENTRIES) end++;
  return end;
}
