/**
 * Compressed columns, turned into rows in bounded memory.
 *
 * @module
 */

import type { Rows } from "./count_matrix.ts";
import type { Sparse } from "./sparse.ts";
import { endOfBatch } from "./sparse_rows.ts";

/** Entries read from the file at a time. */
const BLOCK = 2 ** 20;

/**
 * The rows of a CSC matrix in order. Its indices are read once for the sizes of the cells; then the
 * whole matrix is read once for every `held` entries of it, and the cells among them are collected.
 * Memory: 12 bytes a held entry, 12 bytes a cell, and one block.
 */
export function* sparseColumns(matrix: Sparse, batch: number, held: number): Generator<Rows> {
  const borders = rowBorders(matrix);
  for (let first = 0; first < matrix.minor;) {
    let end = first + 1;
    while (end < matrix.minor && borders[end + 1] - borders[first] <= held) end++;
    const { columns, values } = collect(matrix, borders, first, end);
    for (let row = first; row < end;) {
      const next = Math.min(end, endOfBatch(borders, row, batch));
      const from = borders[row] - borders[first], to = borders[next] - borders[first];
      const offsets = new Uint32Array(next - row + 1);
      for (let i = 0; i <= next - row; i++) offsets[i] = borders[row + i] - borders[row];
      yield {
        first: row,
        offsets,
        columns: columns.subarray(from, to),
        values: values.subarray(from, to),
      };
      row = next;
    }
    first = end;
  }
}

/** Where each cell would begin in compressed rows, and the end. */
function rowBorders(matrix: Sparse): Float64Array {
  const borders = new Float64Array(matrix.minor + 1);
  const entries = matrix.borders[matrix.major];
  for (let from = 0; from < entries; from += BLOCK) {
    const rows = matrix.indices(from, Math.min(entries, from + BLOCK));
    for (let i = 0; i < rows.length; i++) borders[rows[i] + 1]++;
  }
  for (let row = 0; row < matrix.minor; row++) borders[row + 1] += borders[row];
  return borders;
}

/** The entries of the cells `first … end - 1`, cell by cell, columns ascending within a cell. */
function collect(matrix: Sparse, borders: Float64Array, first: number, end: number) {
  const columns = new Uint32Array(borders[end] - borders[first]);
  const values = new Float64Array(columns.length);
  const next = new Uint32Array(end - first);
  for (let row = first; row < end; row++) next[row - first] = borders[row] - borders[first];
  const entries = matrix.borders[matrix.major];
  let column = 0;
  for (let from = 0; from < entries; from += BLOCK) {
    const to = Math.min(entries, from + BLOCK);
    const rows = matrix.indices(from, to), data = matrix.data(from, to);
    for (let i = 0; i < rows.length; i++) {
      while (from + i >= matrix.borders[column + 1]) column++;
      const row = rows[i];
      if (row < first || row >= end) continue;
      const place = next[row - first]++;
      columns[place] = column;
      values[place] = data[i];
    }
  }
  return { columns, values };
}
