/**
 * RLE: runs of one integer and runs of bit-packed integers, in turn. Levels and the codes of a
 * dictionary are written this way.
 *
 * @module
 */

import { type Cursor, readUnsigned } from "./thrift.ts";
import { fillLanes, LANES } from "./unpack.ts";
import { viewOf } from "./pages.ts";

const lanes = new Uint32Array(LANES);

/** A run of `length` values: all the same, or packed and `bytes` long from the cursor on. */
export interface Run {
  readonly length: number;
  /** Undefined where the run is packed. */
  readonly value: number | undefined;
  readonly bytes: number;
}

/** Reads the head of a run of integers of `width` bits, and its value if it has one. */
export function readRun(cursor: Cursor, width: number): Run {
  const head = readUnsigned(cursor), length = Math.floor(head / 2);
  if (length === 0) throw new RangeError("a run of no values");
  if (head % 2 === 1) return { length: length * 8, value: undefined, bytes: length * width };
  const { bytes } = cursor;
  let value = 0;
  for (let bit = 0; bit < width; bit += 8) {
    if (cursor.at >= bytes.length) throw new RangeError("a run runs past the end of its page");
    value |= bytes[cursor.at++] << bit;
  }
  return { length, value: value >>> 0, bytes: 0 };
}

/** Fills `out` with the integers of `width` bits that begin at byte `at`. */
export function decodeHybridInto(
  out: Uint8Array | Uint32Array,
  bytes: Uint8Array,
  width: number,
): void {
  if (width > 32) throw new RangeError(`codes of ${width} bits`);
  const cursor = { bytes, at: 0 }, view = viewOf(bytes), count = out.length;
  for (let next = 0; next < count;) {
    const run = readRun(cursor, width), end = Math.min(count, next + run.length);
    if (run.value !== undefined) out.fill(run.value, next, end);
    else {
      if (cursor.at + Math.ceil((end - next) * width / 8) > bytes.length) {
        throw new RangeError("a run runs past the end of its page");
      }
      for (let at = cursor.at; next < end; at += 4 * width, next += LANES) {
        fillLanes(lanes, view, at, width);
        if (end - next >= LANES) out.set(lanes, next);
        else out.set(lanes.subarray(0, end - next), next);
      }
      cursor.at += run.bytes;
    }
    next = end;
  }
}
