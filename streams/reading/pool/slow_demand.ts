/**
 * What parquet-wasm needs where it has to read columns: known from the footers, before it begins.
 *
 * @module
 */

import type { ParquetType } from "hyparquet";
import { type Chunk, chunkOf, isFast } from "../../parquet/chunk.ts";
import type { ReaderSettings } from "../staging/reader_settings.ts";

/** Which columns are read, and how many neighbours at once at most. */
export interface SlowDemand extends Pick<ReaderSettings, "shards"> {
  readonly names: readonly string[];
  readonly rows: number;
}

/** Bytes without which it does not begin, and those of its code, its tables and its metadata. */
const LEAST = 2 ** 25, FIXED = 2 ** 23;

/** Bytes of a value, which is held twice when an array grows; those of a text are counted. */
const WIDTHS: Readonly<Partial<Record<ParquetType, number>>> = {
  BOOLEAN: 1,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  // None but halves of a float become numbers.
  FIXED_LEN_BYTE_ARRAY: 2,
};
/** Bytes of the levels of a value, and of the begin of a list, held twice too. */
const LEVELS = 16, BEGIN = 8;

/** Bytes that parquet-wasm needs for the largest of the columns that it has to read; 0 without one. */
export function slowDemand({ shards, names, rows }: SlowDemand): number {
  let most = 0;
  for (const { columns, bytes: size } of shards) {
    for (const { leaf, groups, memory } of columns) {
      if (!names.includes(leaf.path[0])) continue;
      const column = { leaf, chunks: new Float64Array(memory), bytes: { size } };
      for (let group = 0; group < groups; group++) {
        most = Math.max(most, bytesFor(column, group, rows));
      }
    }
  }
  return most;
}

function bytesFor(column: Parameters<typeof chunkOf>[0], group: number, rows: number): number {
  let chunk: Chunk;
  try {
    chunk = chunkOf(column, group);
  } catch {
    // What the footer cannot mean is told, or left out, when the row group is read.
    return 0;
  }
  return isFast(chunk) ? 0 : Math.max(LEAST, slowBytes(chunk, rows));
}

/** Bytes for at most so many rows of a chunk: what it took for files of many kinds, and a third more. */
function slowBytes({ leaf, bytes, unpacked, values, rows: all }: Chunk, rows: number): number {
  const stored = bytes + unpacked, width = WIDTHS[leaf.type] ?? unpacked / Math.max(1, values);
  const decoded = values * (LEVELS + 2 * width) + all * BEGIN;
  return FIXED + stored + Math.max(stored, decoded * Math.min(1, rows / Math.max(1, all)));
}
