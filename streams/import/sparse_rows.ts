/**
 * Compressed rows, read a block of cells at a time.
 *
 * @module
 */

import { MOST_ENTRIES, type RowRequest, type Rows, type Values } from "./count_matrix.ts";
import type { Sparse } from "./sparse.ts";
import type { Numbers } from "./stored.ts";

/** Entries that are read together, so that no chunk of the file is unpacked for every batch anew. */
const BLOCK = 2 ** 19;

/** The rows of a CSR matrix in order, read once. */
export async function* sparseRows(
  matrix: Sparse,
  { batch, from }: RowRequest,
): AsyncGenerator<Rows> {
  const { borders, major } = matrix;
  for (let first = from; first < major;) {
    const end = endOfBlock(borders, first);
    const start = borders[first], stop = borders[end];
    const indices = await matrix.indices(start, stop), data = await matrix.data(start, stop);
    const columns = asColumns(indices), values = asValues(data);
    yield* cutRows({ borders, columns, values }, first, { batch, to: end });
    free(indices, data, columns, values);
    first = end;
  }
}

/** Places, none of which is negative, as columns. */
const asColumns = (places: Numbers): Uint32Array =>
  places instanceof Uint32Array || places instanceof Int32Array
    ? new Uint32Array(places.buffer, places.byteOffset, places.length)
    : new Uint32Array(places);

const asValues = (data: Numbers): Values =>
  data instanceof Float32Array || data instanceof Float64Array ? data : new Float64Array(data);

/**
 * Gives memory back at once, as far as nobody else sees it: the collector waits until there is much of
 * it, and fresh memory costs several times as much as what is copied into it.
 */
function free(...arrays: readonly Numbers[]): void {
  for (const { buffer, byteLength } of arrays) {
    const whole = byteLength > 0 && byteLength === buffer.byteLength;
    if (whole && buffer instanceof ArrayBuffer) buffer.transfer(0);
  }
}

/** Entries of consecutive cells, and where each cell would begin if all were there. */
export interface Block {
  readonly borders: Float64Array;
  readonly columns: Uint32Array;
  readonly values: Values;
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
