/**
 * A column of a row group, from an open file to typed arrays.
 *
 * @module
 */

import type { FileHandle } from "node:fs/promises";
import type { FileMetaData } from "hyparquet";
import { type Chunk, isFast } from "./chunk.ts";
import { decodeCodesInto, decodeListInto, decodeNumbersInto } from "./decode.ts";
import { readSlowly } from "./slow_column.ts";
import type { Numbers } from "./values.ts";

/** Where a column is to be read from. */
export interface ColumnPlace {
  readonly file: FileHandle;
  /** Bytes of the file. */
  readonly size: number;
  readonly metadata: FileMetaData;
  readonly group: number;
  readonly chunk: Chunk;
  /** Memory of at least so many bytes, free until the column is read. */
  readonly memory: (bytes: number) => Uint8Array;
}

/** As `decodeListInto`, whatever the encoding. */
export async function readListInto(
  offsets: Uint32Array,
  values: Numbers,
  place: ColumnPlace,
): Promise<number> {
  if (isFast(place.chunk)) {
    return decodeListInto(offsets, values, await bytesOf(place), place.chunk);
  }
  let entry = 0;
  for (const [row, list] of (await slowly(place)).entries()) {
    offsets[row] = entry;
    for (const value of (list ?? []) as Iterable<unknown>) values[entry++] = numberOf(value);
  }
  offsets[place.chunk.rows] = entry;
  return entry;
}

/** As `decodeCodesInto`, whatever the encoding. */
export async function readCodesInto(
  out: Int32Array,
  place: ColumnPlace,
  codeOf: (text: string) => number,
): Promise<void> {
  if (isFast(place.chunk)) return decodeCodesInto(out, await bytesOf(place), place.chunk, codeOf);
  for (const [row, text] of (await slowly(place)).entries()) {
    out[row] = text === null || text === undefined ? -1 : codeOf(String(text));
  }
}

/** As `decodeNumbersInto`, whatever the encoding. */
export async function readNumbersInto(out: Float64Array, place: ColumnPlace): Promise<void> {
  if (isFast(place.chunk)) return decodeNumbersInto(out, await bytesOf(place), place.chunk);
  for (const [row, value] of (await slowly(place)).entries()) {
    out[row] = value === null || value === undefined ? NaN : numberOf(value);
  }
}

async function bytesOf({ file, chunk, memory }: ColumnPlace): Promise<Uint8Array> {
  const bytes = memory(chunk.bytes).subarray(0, chunk.bytes);
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, chunk.start + done);
    if (bytesRead === 0) throw new RangeError("the file ends early");
    done += bytesRead;
  }
  return bytes;
}

async function slowly(place: ColumnPlace): Promise<readonly unknown[]> {
  const { rows } = place.chunk, values = await readSlowly(place);
  if (values.length !== rows) throw new RangeError(`there are ${values.length} of ${rows} rows`);
  return values;
}

function numberOf(value: unknown): number {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  throw new RangeError(`"${value}" stands where a number is expected`);
}
