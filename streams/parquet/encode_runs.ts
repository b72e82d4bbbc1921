/**
 * Levels and codes in runs: the writing half of hybrid.ts.
 *
 * @module
 */

import { ByteWriter } from "hyparquet-writer";
import { packerOf } from "./pack.ts";
import { LANES } from "./unpack.ts";

/** Equal codes from which on a run is shorter than what it replaces, wherever it begins. */
const RUN = 16;

/** Appends `length` times the same level of one bit. */
export function writeRun(writer: ByteWriter, level: number, length: number): void {
  if (length === 0) return;
  writer.appendVarInt(length * 2);
  writer.appendUint8(level);
}

/** Levels, which are 0 or 1. */
export function encodeLevels(levels: ArrayLike<number>): Uint8Array {
  const writer = new ByteWriter();
  for (let from = 0, to = 0; from < levels.length; from = to) {
    while (to < levels.length && levels[to] === levels[from]) to++;
    writeRun(writer, levels[from], to - from);
  }
  return writer.getBytes();
}

/** Codes of a dictionary, `width` bits each (1 to 32), behind the byte that says so. */
export function encodeCodes(codes: Uint32Array, width: number): Uint8Array {
  const writer = new ByteWriter();
  writer.appendUint8(width);
  let from = 0, at = 0;
  const pack = () => {
    if (from === at) return;
    const groups = Math.ceil((at - from) / 8);
    writer.appendVarInt(groups * 2 + 1);
    writer.appendBytes(packed(codes.subarray(from, at), width).subarray(0, groups * width));
  };
  while (at < codes.length) {
    let end = at + 1;
    while (end < codes.length && codes[end] === codes[at]) end++;
    if (end - at < RUN) {
      // Packed codes come in eights; a run may begin only behind a full one.
      at = Math.min(codes.length, at + 8);
      continue;
    }
    pack();
    writer.appendVarInt((end - at) * 2);
    for (let bit = 0; bit < width; bit += 8) writer.appendUint8((codes[at] >>> bit) & 255);
    from = at = end;
  }
  pack();
  return writer.getBytes();
}

function packed(codes: Uint32Array, width: number): Uint8Array {
  const turns = Math.ceil(codes.length / LANES), pack = packerOf(width);
  const bytes = new Uint8Array(turns * 4 * width), view = new DataView(bytes.buffer);
  const last = new Uint32Array(LANES);
  for (let turn = 0; turn < turns; turn++) {
    const lanes = codes.subarray(turn * LANES, (turn + 1) * LANES);
    if (lanes.length < LANES) last.set(lanes);
    pack(view, turn * 4 * width, lanes.length < LANES ? last : lanes);
  }
  return bytes;
}

/** Bits of the codes of a dictionary of `size` values; one at least, as some readers do not take none. */
export const widthOf = (size: number): number =>
  Math.max(1, 32 - Math.clz32(Math.max(0, size - 1)));
