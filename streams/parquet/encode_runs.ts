/**
 * Levels and codes in runs: the writing half of hybrid.ts.
 *
 * @module
 */

import { ByteWriter } from "hyparquet-writer";
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";

/** Levels, which are 0 or 1. */
export function encodeLevels(levels: Uint8Array | Int32Array): Uint8Array {
  const writer = new ByteWriter();
  writeRleBitPackedHybrid(writer, levels, 1);
  return writer.getBytes();
}

/** Codes of a dictionary of `size` values, behind the byte that says how many bits they have. */
export function encodeCodes(codes: Uint32Array | Int32Array, size: number): Uint8Array {
  // One bit at least: some readers do not take codes of none.
  const width = Math.max(1, 32 - Math.clz32(Math.max(0, size - 1)));
  const writer = new ByteWriter();
  writer.appendUint8(width);
  writeRleBitPackedHybrid(writer, codes, width);
  return writer.getBytes();
}
