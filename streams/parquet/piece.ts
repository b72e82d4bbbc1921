/**
 * Rows of one column within one row group, and which bytes of the file hold them.
 *
 * @module
 */

import type { ByteRange } from "../bytes/byte_source.ts";
import { type Chunk, chunkOf } from "./chunk.ts";
import { type PageIndex, pageIndexOf } from "./page_index.ts";
import type { TableColumn } from "./table.ts";

/** Rows `from … to - 1`. */
export interface Rows {
  readonly from: number;
  readonly to: number;
}

/** What is to be read and what of it is wanted; plain data, made before anything is read. */
export interface Piece {
  /** One or two: the dictionary may lie apart from the pages. None where no rows are wanted. */
  readonly ranges: readonly ByteRange[];
  readonly chunk: Chunk;
  /** Rows wanted. */
  readonly rows: number;
  /** Rows of the pages before the first that is wanted. */
  readonly skip: number;
  /** Rows of the pages that are read. */
  readonly stored: number;
}

/**
 * Plans the reading of some rows of a column: the pages that hold them where an offset index tells
 * where they lie, else all of the row group.
 *
 * @param rows Rows of the row group, counted from its first.
 * @throws RangeError when the footer or the offset index claim what cannot be.
 */
export function planPiece(column: TableColumn, group: number, rows: Rows): Piece {
  const { table, leaf, indexes } = column;
  const chunk = chunkOf(table.metadata, group, leaf, table.bytes.size);
  if (!(rows.from >= 0 && rows.from <= rows.to && rows.to <= chunk.rows)) {
    throw new RangeError(`rows ${rows.from} to ${rows.to} of a row group of ${chunk.rows}`);
  }
  const wanted = rows.to - rows.from;
  if (wanted === 0) return { ranges: [], chunk, rows: 0, skip: 0, stored: 0 };
  const end = chunk.start + chunk.bytes, bytes = indexes[group];
  // A column of single values is small: it is read whole, and its index is not looked at.
  if (!bytes || !leaf.lists) {
    const ranges = [{ from: chunk.start, to: end }];
    return { ranges, chunk, rows: wanted, skip: rows.from, stored: chunk.rows };
  }
  const index = pageIndexOf(bytes, chunk);
  const first = pageOf(index, rows.from), last = pageOf(index, rows.to - 1);
  const pages = { from: index.offsets[first], to: index.offsets[last] + index.sizes[last] };
  const dictionary = { from: chunk.start, to: index.offsets[0] };
  const apart = dictionary.from < dictionary.to;
  const ranges = !apart
    ? [pages]
    : first === 0
    ? [{ from: dictionary.from, to: pages.to }]
    : [dictionary, pages];
  const start = index.rows[first];
  return {
    ranges,
    chunk,
    rows: wanted,
    skip: rows.from - start,
    stored: index.rows[last + 1] - start,
  };
}

/** The page that holds a row. */
function pageOf({ rows }: PageIndex, row: number): number {
  let low = 0, high = rows.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rows[middle] <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
