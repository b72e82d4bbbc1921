/**
 * Rows of one column within one row group, and which bytes of the file hold them.
 *
 * @module
 */

import type { ByteRange } from "../bytes/byte_source.ts";
import { type Chunk, chunkOf } from "./chunk.ts";
import { type PageIndex, pageIndexOf } from "./page_index.ts";
import type { PageMap } from "./page_map.ts";
import { indexOf, type TableColumn } from "./table_column.ts";

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
  /** Rows that begin in the pages that are read. */
  readonly stored: number;
  /** Whether the first of the pages begins within the row before. */
  readonly inside: boolean;
  /** Whether these are all pages of the chunk. */
  readonly whole: boolean;
}

/** A row group of so many rows or fewer is read whole where a column has a single value in each. */
export const FEW_ROWS = 2 ** 14;
/** Bytes that an array cannot hold. */
const LARGEST = 2 ** 31;

/**
 * Plans the reading of some rows of a column: the pages that hold them where a map or an offset index
 * tells where they lie, else all of the row group.
 *
 * @param rows Rows of the row group, counted from its first.
 * @throws RangeError when the footer or the offset index claim what cannot be.
 */
export function planPiece(column: TableColumn, group: number, rows: Rows): Piece {
  const chunk = chunkOf(column, group);
  if (!(rows.from >= 0 && rows.from <= rows.to && rows.to <= chunk.rows)) {
    throw new RangeError(`rows ${rows.from} to ${rows.to} of a row group of ${chunk.rows}`);
  }
  const wanted = rows.to - rows.from, nothing = { skip: 0, stored: 0, inside: false, whole: false };
  if (wanted === 0) return { ranges: [], chunk, rows: 0, ...nothing };
  const index = pagesOfChunk(column, group, chunk);
  if (!index) {
    if (Math.max(chunk.bytes, chunk.unpacked, 8 * chunk.values) >= LARGEST) {
      throw new RangeError(`column "${chunk.leaf.path[0]}" is too large to be read as a whole`);
    }
    const ranges = [{ from: chunk.start, to: chunk.start + chunk.bytes }];
    const all = { skip: rows.from, stored: chunk.rows, inside: false, whole: true };
    return { ranges, chunk, rows: wanted, ...all };
  }
  const { offsets, sizes, rows: starts, inside, fault } = index;
  if (rows.to > starts[offsets.length]) throw new RangeError(fault);
  const first = pageOf(starts, rows.from), last = lastPage(index, rows.to);
  const pages = { from: offsets[first], to: offsets[last] + sizes[last] };
  const dictionary = { from: chunk.start, to: offsets[0] };
  const apart = dictionary.from < dictionary.to;
  const ranges = !apart
    ? [pages]
    : first === 0
    ? [{ from: dictionary.from, to: pages.to }]
    : [dictionary, pages];
  return {
    ranges,
    chunk,
    rows: wanted,
    skip: rows.from - starts[first],
    stored: starts[last + 1] - starts[first],
    inside: inside?.[first] === 1,
    whole: first === 0 && last === offsets.length - 1 && fault === undefined,
  };
}

/** Where the pages lie, if it is known and worth to be looked at. */
export function pagesOfChunk(
  column: TableColumn,
  group: number,
  chunk: Chunk,
): (PageIndex & Partial<PageMap>) | undefined {
  const { leaf, maps } = column, map = maps?.[group];
  if (map) return map;
  if (!leaf.lists && chunk.rows <= FEW_ROWS) return undefined;
  const bytes = indexOf(column, group);
  return bytes && pageIndexOf(bytes, chunk);
}

/** The page that the last of the rows before `to` ends in. */
function lastPage({ rows, inside }: PageIndex & Partial<PageMap>, to: number): number {
  if (to === rows[rows.length - 1]) return rows.length - 2;
  const page = pageOf(rows, to);
  return rows[page] === to && !inside?.[page] ? page - 1 : page;
}

/** The page that a row begins in. */
function pageOf(rows: PageIndex["rows"], row: number): number {
  let low = 0, high = rows.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rows[middle] <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
