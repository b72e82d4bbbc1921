/**
 * DELTA_BINARY_PACKED: the first integer, then differences in blocks, each block with its smallest
 * difference and the rest packed into as few bits as its miniblocks need (Lemire and Boytsov 2015).
 *
 * @module
 */

import type { DataReader } from "hyparquet";
import { readVarInt, readZigZag } from "hyparquet/src/thrift.js";
import type { Numbers } from "./values.ts";
import { fillLanes, LANES } from "./unpack.ts";

const lanes = new Uint32Array(LANES);

/** Fills `out` with integers; their arithmetic wraps at 32 bits, as the format has it. */
export function decodeDeltaInto(out: Numbers, reader: DataReader): void {
  const block = readVarInt(reader), miniblocks = readVarInt(reader), total = readVarInt(reader);
  const size = block / miniblocks;
  if (total !== out.length || !(size >= LANES && size % LANES === 0)) {
    throw new RangeError(`a page of ${out.length} values has ${total} differences`);
  }
  let value = readZigZag(reader), next = 0;
  const end = out.length;
  if (end > 0) out[next++] = value;
  while (next < end) {
    const least = readZigZag(reader);
    const widths = reader.offset;
    reader.offset += miniblocks;
    for (let m = 0; m < miniblocks && next < end; m++) {
      const width = reader.view.getUint8(widths + m);
      const used = Math.ceil(Math.min(size, end - next) * width / 8);
      if (width > 32 || reader.offset + used > reader.view.byteLength) {
        throw new RangeError("differences run past the end of their page");
      }
      for (let done = 0; done < size && next < end; done += LANES) {
        fillLanes(lanes, reader.view, reader.offset + (done >> 3) * width, width);
        const last = Math.min(LANES, end - next);
        for (let lane = 0; lane < last; lane++) {
          value = (value + least + lanes[lane]) | 0;
          out[next++] = value;
        }
      }
      reader.offset += (size >> 3) * width;
    }
  }
}
