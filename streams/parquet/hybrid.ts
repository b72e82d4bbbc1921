/**
 * RLE: runs of one integer and runs of bit-packed integers, in turn. Levels and the codes of a
 * dictionary are written this way.
 *
 * @module
 */

import type { DataReader } from "hyparquet";
import { readVarInt } from "hyparquet/src/thrift.js";
import { fillLanes, LANES } from "./unpack.ts";

const lanes = new Uint32Array(LANES);

/** Fills `out` with integers of `width` bits. */
export function decodeHybridInto(
  out: Uint8Array | Uint32Array,
  reader: DataReader,
  width: number,
): void {
  if (width > 32) throw new RangeError(`codes of ${width} bits`);
  const { view } = reader, count = out.length;
  let next = 0;
  while (next < count) {
    const header = readVarInt(reader), length = header >>> 1;
    if (length === 0) throw new RangeError("a run of no values");
    if ((header & 1) === 0) {
      let value = 0;
      for (let bit = 0; bit < width; bit += 8) value |= view.getUint8(reader.offset++) << bit;
      const end = Math.min(count, next + length);
      out.fill(value >>> 0, next, end);
      next = end;
    } else {
      const end = Math.min(count, next + length * 8);
      if (reader.offset + Math.ceil((end - next) * width / 8) > view.byteLength) {
        throw new RangeError("codes run past the end of their page");
      }
      for (let at = reader.offset; next < end; at += 4 * width) {
        fillLanes(lanes, view, at, width);
        const last = Math.min(LANES, end - next);
        for (let lane = 0; lane < last; lane++) out[next++] = lanes[lane];
      }
      reader.offset += length * width;
    }
  }
}
