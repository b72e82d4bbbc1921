/**
 * A dense matrix, read a block of cells at a time.
 *
 * @module
 */

import { MOST_ENTRIES, type RowRequest, type Rows } from "./count_matrix.ts";
import type { StoredArray } from "./stored.ts";

/** The rows of a dense matrix, cells × genes, without their zeros. */
export async function* denseRows(
  matrix: StoredArray,
  { batch, from }: RowRequest,
): AsyncGenerator<Rows> {
  const [cells, genes] = matrix.shape;
  const height = Math.max(1, Math.min(batch, Math.floor(MOST_ENTRIES / Math.max(1, genes))));
  for (let first = from; first < cells; first += height) {
    const rows = Math.min(height, cells - first);
    const read = await matrix.numbers(first, first + rows);
    let entries = 0;
    for (let i = 0; i < read.length; i++) if (read[i] !== 0) entries++;
    const offsets = new Uint32Array(rows + 1);
    const columns = new Uint32Array(entries), values = new Float64Array(entries);
    let entry = 0;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < genes; column++) {
        const value = read[row * genes + column];
        if (value === 0) continue;
        columns[entry] = column;
        values[entry++] = value;
      }
      offsets[row + 1] = entry;
    }
    yield { first, offsets, columns, values };
  }
}
