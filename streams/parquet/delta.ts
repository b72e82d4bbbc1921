/**
 * DELTA_BINARY_PACKED: the first integer, then differences in blocks, each block with its smallest
 * difference and the rest packed into as few bits as its miniblocks need (Lemire and Boytsov 2015).
 *
 * @module
 */

import type { Leaf } from "./leaf.ts";
import { viewOf } from "./pages.ts";
import { type Cursor, readSigned, readUnsigned } from "./thrift.ts";
import { fillLanes, LANES } from "./unpack.ts";

/** What stands before the blocks. */
export interface DeltaHead {
  /** Values of a block and of a miniblock. */
  readonly block: number;
  readonly miniblock: number;
  readonly first: number;
}

/** Differences of integers up to this are exact. */
const LARGEST = 2 ** 51;

const lanes = new Uint32Array(LANES), high = new Uint32Array(LANES);

/** Reads what stands before the blocks of `count` values. */
export function readDeltaHead(cursor: Cursor, count: number): DeltaHead {
  const block = readUnsigned(cursor), miniblocks = readUnsigned(cursor);
  const total = readUnsigned(cursor), first = readSigned(cursor), miniblock = block / miniblocks;
  if (total !== count) throw new RangeError(`a page of ${count} values has ${total} differences`);
  if (!(miniblock >= LANES && miniblock % LANES === 0 && block < 2 ** 31)) {
    throw new RangeError(`blocks of ${block} differences in ${miniblocks} parts`);
  }
  return { block, miniblock, first };
}

/**
 * The integers of a page. The arithmetic of 32 bits wraps around, as the format has it; of 64 bits,
 * integers past 2^51 are refused, so that no difference is more than a number can be.
 */
export function deltaNumbers(
  bytes: Uint8Array,
  { type, unsigned }: Pick<Leaf, "type" | "unsigned">,
  count: number,
): Int32Array | Uint32Array | Float64Array {
  const long = type === "INT64";
  const out = long
    ? new Float64Array(count)
    : unsigned
    ? new Uint32Array(count)
    : new Int32Array(count);
  const cursor = { bytes, at: 0 }, view = viewOf(bytes);
  const { block, miniblock, first } = readDeltaHead(cursor, count);
  let value = first, next = 0;
  if (long && !(Math.abs(value) <= LARGEST)) throw new RangeError("an integer is past 2^51");
  if (count > 0) out[next++] = value;
  while (next < count) {
    const least = readSigned(cursor), widths = cursor.at;
    cursor.at += block / miniblock;
    for (let at = widths; at < widths + block / miniblock && next < count; at++) {
      const width = bytes[at], used = Math.ceil(Math.min(miniblock, count - next) * width / 8);
      if (!(width <= (long ? 64 : 32)) || cursor.at + used > bytes.length) {
        throw new RangeError("differences run past the end of their page");
      }
      const end = Math.min(count, next + miniblock);
      for (let from = cursor.at; next < end; from += 4 * width) {
        fillWide(view, from, width);
        for (let lane = 0; lane < LANES && next < end; lane++) {
          value += least + (lanes[lane] + high[lane] * 2 ** 32);
          if (!long) value |= 0;
          else if (!(Math.abs(value) <= LARGEST)) throw new RangeError("an integer is past 2^51");
          out[next++] = value;
        }
      }
      cursor.at += (miniblock >> 3) * width;
    }
  }
  return out;
}

/** Fills `lanes`, and `high` with what of 32 integers of up to 64 bits is above them. */
function fillWide(view: DataView, at: number, width: number): void {
  if (width <= 32) {
    high.fill(0);
    return fillLanes(lanes, view, at, width);
  }
  const bit = (n: number) =>
    at + (n >> 3) < view.byteLength ? (view.getUint8(at + (n >> 3)) >> (n & 7)) & 1 : 0;
  for (let lane = 0; lane < LANES; lane++) {
    lanes[lane] = high[lane] = 0;
    for (let i = 0; i < width; i++) {
      if (i < 32) lanes[lane] |= bit(lane * width + i) << i;
      else high[lane] |= bit(lane * width + i) << (i - 32);
    }
  }
}
