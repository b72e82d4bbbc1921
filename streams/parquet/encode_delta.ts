/**
 * DELTA_BINARY_PACKED, the writing half of delta.ts: blocks of 128 differences in four miniblocks.
 *
 * Integers that ascend within each list fall where a list begins. As the arithmetic wraps around, a fall
 * may be written as a rise of nearly 2^32: its miniblock takes 32 bits then, and the others of the block
 * as few as if there were no fall. Of both ways, the shorter is taken.
 *
 * @module
 */

import { packerOf } from "./pack.ts";

const BLOCK = 128, MINIBLOCK = 32;
/** Falls of a block above which none of its miniblocks is likely to be without one. */
const FEW = 3;
/** Bytes of what stands before the blocks, and of a block, at most. */
const HEAD = 16, LARGEST = 5 + BLOCK / MINIBLOCK + 4 * BLOCK;

// Encoding is synchronous and never nested, so one set of buffers serves all pages.
const rest = new Uint32Array(BLOCK);
const minis = Array.from(
  { length: BLOCK / MINIBLOCK },
  (_, mini) => rest.subarray(mini * MINIBLOCK, (mini + 1) * MINIBLOCK),
);
let scratch = new Uint8Array(2 ** 16), view = new DataView(scratch.buffer);

/** The page body of some integers; overwritten by the next call. Arithmetic wraps at 32 bits. */
export function encodeDelta(integers: Uint32Array): Uint8Array {
  const count = integers.length, most = HEAD + Math.ceil(count / BLOCK) * LARGEST;
  if (scratch.length < most) {
    scratch = new Uint8Array(2 * most);
    view = new DataView(scratch.buffer);
  }
  let at = 0;
  for (const head of [BLOCK, BLOCK / MINIBLOCK, count]) at = putUnsigned(at, head);
  at = putSigned(at, count > 0 ? integers[0] | 0 : 0);
  for (let next = 1; next < count; next += BLOCK) at = putBlock(at, integers, next);
  return scratch.subarray(0, at);
}

function putBlock(at: number, integers: Uint32Array, from: number): number {
  const size = Math.min(BLOCK, integers.length - from);
  let least = 2 ** 31, rise = 2 ** 31, falls = 0;
  for (let i = 0; i < size; i++) {
    const difference = (integers[from + i] - integers[from + i - 1]) | 0;
    rest[i] = difference;
    if (difference < least) least = difference;
    if (difference < 0) falls++;
    else if (difference < rise) rise = difference;
  }
  const fewFalls = falls > 0 && falls <= FEW && falls < size;
  if (fewFalls && bitsOver(rise, size) < bitsOver(least, size)) least = rise;
  for (let i = 0; i < size; i++) rest[i] -= least;
  rest.fill(0, size);
  at = putSigned(at, least);
  const widths = at;
  at += minis.length;
  for (let mini = 0; mini < minis.length; mini++) {
    const lanes = minis[mini], width = widthOver(lanes, 0, MINIBLOCK);
    scratch[widths + mini] = width;
    packerOf(width)(view, at, lanes);
    at += width * MINIBLOCK / 8;
  }
  return at;
}

/** Bits of the differences of a block, for each of a miniblock, where `least` is taken off them all. */
function bitsOver(least: number, size: number): number {
  let bits = 0;
  for (let mini = 0; mini * MINIBLOCK < size; mini++) {
    bits += widthOver(minis[mini], least, Math.min(MINIBLOCK, size - mini * MINIBLOCK));
  }
  return bits;
}

/** Bits of the widest of some differences above the least. */
function widthOver(lanes: Uint32Array, least: number, size: number): number {
  let all = 0;
  for (let lane = 0; lane < size; lane++) all |= lanes[lane] - least;
  return 32 - Math.clz32(all);
}

/** Seven bits a byte, the lowest first. */
function putUnsigned(at: number, value: number): number {
  while (value >= 128) {
    scratch[at++] = (value & 127) | 128;
    value = Math.floor(value / 128);
  }
  scratch[at++] = value;
  return at;
}

/** The sign becomes the lowest bit. */
const putSigned = (at: number, value: number): number =>
  putUnsigned(at, ((value << 1) ^ (value >> 31)) >>> 0);
