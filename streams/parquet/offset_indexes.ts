/**
 * The offset indexes of columns, read together.
 *
 * @module
 */

import type { ByteSource } from "../bytes/byte_source.ts";
import { CHUNK } from "./chunk_map.ts";

/** A run of bytes of a file, in memory that threads share. */
export interface SharedRun {
  /** First byte within the file. */
  readonly from: number;
  readonly memory: SharedArrayBuffer;
}

/** Offset indexes of this many bytes are left alone: no honest file has as many pages. */
const LARGEST = 2 ** 28;

/**
 * All offset indexes with what lies between them; undefined where there are none, or that is too much.
 *
 * @throws RangeError where one lies outside the file.
 */
export async function readIndexes(
  file: ByteSource,
  maps: readonly Float64Array[],
): Promise<SharedRun | undefined> {
  let first = Infinity, end = 0;
  for (const chunks of maps) {
    for (let at = 0; at < chunks.length; at += CHUNK.length) {
      const from = chunks[at + CHUNK.index], size = chunks[at + CHUNK.indexBytes];
      if (Number.isNaN(from)) continue;
      if (!(from >= 4 && size >= 0 && from + size <= file.size)) {
        throw new RangeError("an offset index lies outside the file");
      }
      first = Math.min(first, from);
      end = Math.max(end, from + size);
    }
  }
  const length = end - first;
  if (!(length > 0 && length <= LARGEST)) return undefined;
  const bytes = new Uint8Array(length), memory = new SharedArrayBuffer(length);
  // Not every file can be read into memory that is shared.
  await file.read(bytes, first);
  new Uint8Array(memory).set(bytes);
  return { from: first, memory };
}
