/**
 * The files of a zarr array, as the library asks for them.
 *
 * @module
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { AsyncReadable, RangeQuery } from "zarrita";
import { MOST_CHUNK_BYTES } from "../stored.ts";

/** The files of one array. */
export interface FolderBytes extends AsyncReadable {
  /** Whether bytes of a chunk were found since this was last asked. */
  found(): boolean;
}

/**
 * Serves metadata that has been read and checked before, and chunks from the folder.
 *
 * @param documents JSON by file name.
 */
export function folderBytes(
  folder: string,
  documents: Readonly<Record<string, unknown>>,
): FolderBytes {
  let found = false;
  /** The keys are the library's own: "/" and the names of chunks, which are numbers. */
  function chunk(key: string, range?: RangeQuery): Uint8Array | undefined {
    const bytes = readPart(join(folder, key), range);
    if (bytes !== undefined && !(range && "suffixLength" in range)) found = true;
    return bytes;
  }
  return {
    get(key) {
      const name = key.slice(1);
      if (name in documents) {
        return Promise.resolve(new TextEncoder().encode(JSON.stringify(documents[name])));
      }
      return Promise.resolve(isMetadata(name) ? undefined : chunk(key));
    },
    getRange: (key, range) => Promise.resolve(chunk(key, range)),
    found() {
      const was = found;
      found = false;
      return was;
    },
  };
}

const isMetadata = (name: string): boolean => name === "zarr.json" || name.startsWith(".z");

/** Bytes of a file; nothing when there is no such file. */
function readPart(path: string, range?: RangeQuery): Uint8Array | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    if ((cause as { code?: string }).code === "ENOENT") return undefined;
    throw cause;
  }
  try {
    const { size } = fstatSync(file);
    const { from, length } = placeOf(size, range);
    if (!(from >= 0 && length >= 0 && from + length <= size)) {
      throw new RangeError(`it is truncated: it has ${size} bytes`);
    }
    // A packed chunk is hardly larger than what comes out of it, which is known to be no larger.
    if (length > 2 * MOST_CHUNK_BYTES) throw new RangeError(`it has ${length} bytes`);
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const read = readSync(file, bytes, at, length - at, from + at);
      if (read === 0) throw new RangeError(`it is truncated: it has ${from + at} bytes`);
      at += read;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

function placeOf(size: number, range?: RangeQuery): { from: number; length: number } {
  if (range === undefined) return { from: 0, length: size };
  if ("suffixLength" in range) {
    return { from: size - range.suffixLength, length: range.suffixLength };
  }
  return { from: range.offset, length: range.length };
}
