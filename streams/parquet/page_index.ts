/**
 * Where the pages of one column in one row group lie, as an offset index tells it.
 *
 * @module
 */

import type { Chunk } from "./chunk.ts";
import { I32, I64, LIST, readSigned, readStruct, readStructsHead } from "./thrift.ts";

/** The pages that hold values, in their order. */
export interface PageIndex {
  /** First byte of each page, its header, within the file. */
  readonly offsets: Float64Array;
  /** Bytes of each page with its header. */
  readonly sizes: Float64Array;
  /** First row of each page, then the rows in all. */
  readonly rows: Float64Array;
}

/** Reads the offset index of a chunk; throws a RangeError where it contradicts the chunk. */
export function pageIndexOf(bytes: Uint8Array, chunk: Chunk): PageIndex {
  const cursor = { bytes, at: 0 };
  let found: PageIndex | undefined;
  readStruct(cursor, (id, type) => {
    if (id !== 1 || type !== LIST) return false;
    const size = readStructsHead(cursor);
    const index = {
      offsets: new Float64Array(size),
      sizes: new Float64Array(size),
      rows: new Float64Array(size + 1),
    };
    for (let page = 0; page < size; page++) {
      readStruct(cursor, (id, type) => {
        const column = id === 1 && type === I64
          ? index.offsets
          : id === 2 && type === I32
          ? index.sizes
          : id === 3 && type === I64
          ? index.rows
          : undefined;
        if (column) column[page] = readSigned(cursor);
        return column !== undefined;
      });
    }
    index.rows[size] = chunk.rows;
    found = index;
    return true;
  });
  if (!found || !fits(found, chunk)) throw new RangeError("an offset index contradicts its column");
  return found;
}

/**
 * Whether the pages lie side by side up to the end of the chunk and the rows ascend from 0. Pages without
 * rows are allowed: pyarrow writes some.
 */
function fits({ offsets, sizes, rows }: PageIndex, chunk: Chunk): boolean {
  const pages = offsets.length;
  let end = Math.max(chunk.start, offsets[0]), fits = pages > 0 && rows[0] === 0;
  for (let page = 0; page < pages; page++) {
    fits &&= offsets[page] >= end && sizes[page] > 0 && rows[page + 1] >= rows[page];
    end = offsets[page] + sizes[page];
  }
  return fits && end <= chunk.start + chunk.bytes;
}
