/**
 * Compressed rows, read a block of cells at a time.
 *
 * @module
 */

import { MOST_ENTRIES, type Rows } from "./count_matrix.ts";
import type { Sparse } from "./sparse.ts";

/** The rows of a CSR matrix in order, read once. */
export function* sparseRows(matrix: Sparse, batch: number): Generator<Rows> {
  const { borders, major } = matrix;
  for (let first = 0; first < major;) {
    const end = endOfBatch(borders, first, batch);
    const from = borders[first], to = borders[end];
    const offsets = new Uint32Array(end - first + 1);
    for (let i = 0; i <= end - first; i++) offsets[i] = borders[first + i] - from;
    yield {
      first,
      offsets,
      columns: new Uint32Array(matrix.indices(from, to)),
      values: new Float64Array(matrix.data(from, to)),
    };
    first = end;
  }
}

/** Row behind the last of a batch: `batch` rows, or fewer when they hold many entries; at least one. */
export function endOfBatch(borders: Float64Array, first: number, batch: number): number {
  let end = first + 1;
  const last = Math.min(borders.length - 1, first + batch);
  while (end < last && borders[end + 1] - borders[first] <= MOST_ENTRIES) end++;
  return end;
}
