/**
 * Files that are there as a whole, or as they were before.
 *
 * @module
 */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

/** Characters that are written at once. */
const AT_ONCE = 1 << 16;

/**
 * Writes a file anew, piece by piece: what was there stays until all of it is on the disk. What the
 * disk refuses is thrown as the system says it.
 */
export function writeWhole(path: string, pieces: Uint8Array | Iterable<string>): void {
  const part = `${path}.part`, file = openSync(part, "w");
  try {
    try {
      for (const bytes of pieces instanceof Uint8Array ? [pieces] : encoded(pieces)) {
        writeAll(file, bytes);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(part, path);
  } catch (cause) {
    rmSync(part, { force: true });
    throw cause;
  }
}

/** Writes all of some bytes, or of a text, to an open file. */
export function writeAll(file: number, what: Uint8Array | string): void {
  const bytes = typeof what === "string" ? new TextEncoder().encode(what) : what;
  for (let from = 0; from < bytes.length;) from += writeSync(file, bytes, from);
}

/** Texts, joined to pieces that are worth a call. */
function* encoded(texts: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let held = "";
  for (const text of texts) {
    held += text;
    if (held.length < AT_ONCE) continue;
    yield encoder.encode(held);
    held = "";
  }
  yield encoder.encode(held);
}
