/**
 * Unpacking of eight integers at a time, as code for the loop over differences.
 *
 * Eight integers of `w` bits take `w` bytes, so they begin with a byte. Each lane of a vector takes the
 * bytes that hold its bits, a multiplication moves the highest of its bits to the top of the lane, and
 * a shift moves them down: lanes cannot be shifted by different amounts. Lanes of 16 bits have room for
 * integers of up to 9 bits wherever within a byte they begin, lanes of 32 bits for 25.
 *
 * @module
 */

import {
  add,
  and,
  type Code,
  constant,
  get,
  less,
  load,
  lowerHalves,
  moveHalvesRightBy,
  moveRightBy,
  multiply,
  multiplyHalves,
  multiplyWords,
  pick,
  repeat,
  right,
  set,
  shuffle,
  storeWord,
  subtract,
  upperHalves,
  when,
  wordAt,
} from "../wasm/code.ts";
import {
  AT,
  FACTORS,
  FACTORS2,
  HIGH,
  LANES,
  LANES2,
  LOW,
  OUT,
  SHIFT,
  STOP,
  TABLE,
  WIDTH,
  X,
} from "./delta_locals.ts";

/** Bits of the sums that are kept, and of the lanes they are kept in. */
export type Sums = 16 | 32;

/** Where the tables of `fillTables` end; they begin with the memory, and what lies behind is free. */
export const TABLES_END = 4096;
/** Room for eight integers. */
const BUFFER = TABLES_END - 64;
/** Eight words whose bits are all set, then eight without. */
export const INSIDE = TABLES_END - 128;
/** Where loops leave what they find. */
export const FOUND = TABLES_END - 144;
/** Bytes of a width in the tables: the lanes of 16 bits, then twice those of 32, each with its factors. */
const STRIDE = 96;
const WIDEST_HALF = 9, WIDEST_WORD = 25;

/** Code that does `each` for every eight integers of a miniblock, unpacked to `X` or to `LOW` and `HIGH`. */
export function unpackThen(each: Code, sums: Sums): Code {
  const eight = (unpack: Code): Code =>
    repeat([unpack, each, set(AT, add(get(AT), get(WIDTH)))], less(get(OUT), get(STOP)));
  return [
    set(TABLE, multiply(get(WIDTH), constant(STRIDE))),
    when(
      less(get(WIDTH), constant(WIDEST_HALF + 1)),
      [
        set(LANES, load(get(TABLE), 0)),
        set(FACTORS, load(get(TABLE), 16)),
        set(SHIFT, subtract(constant(16), get(WIDTH))),
        eight(unpackHalves(sums)),
      ],
      when(
        less(get(WIDTH), constant(WIDEST_WORD + 1)),
        [
          set(LANES, load(get(TABLE), 32)),
          set(FACTORS, load(get(TABLE), 48)),
          set(LANES2, load(get(TABLE), 64)),
          set(FACTORS2, load(get(TABLE), 80)),
          set(SHIFT, subtract(constant(32), get(WIDTH))),
          eight(unpackWords(sums)),
        ],
        eight(unpackWide(sums)),
      ),
    ),
  ];
}

function unpackHalves(sums: Sums): Code {
  const lanes = multiplyHalves(pick(load(get(AT), 0), get(LANES)), get(FACTORS));
  return [
    set(X, moveHalvesRightBy(lanes, get(SHIFT))),
    sums === 16 ? [] : [set(LOW, lowerHalves(get(X))), set(HIGH, upperHalves(get(X)))],
  ];
}

function unpackWords(sums: Sums): Code {
  const lanes = (address: Code, lanes: number, factors: number) =>
    moveRightBy(multiplyWords(pick(load(address, 0), get(lanes)), get(factors)), get(SHIFT));
  const middle = add(get(AT), right(get(WIDTH), constant(1)));
  return [
    set(LOW, lanes(get(AT), LANES, FACTORS)),
    set(HIGH, lanes(middle, LANES2, FACTORS2)),
    narrowed(sums),
  ];
}

/** Those of 32 bits lie there as they are; others are unpacked one by one: so wide they hardly ever are. */
function unpackWide(sums: Sums): Code {
  return [
    when(
      less(get(WIDTH), constant(32)),
      [
        Array.from({ length: 8 }, (_, lane) => unpackOne(lane)),
        set(LOW, load(constant(BUFFER), 0)),
        set(HIGH, load(constant(BUFFER), 16)),
      ],
      [set(LOW, load(get(AT), 0)), set(HIGH, load(get(AT), 16))],
    ),
    narrowed(sums),
  ];
}

function unpackOne(lane: number): Code {
  const mask = right(constant(-1), subtract(constant(32), get(WIDTH)));
  const bit = multiply(get(WIDTH), constant(lane));
  const address = add(get(AT), right(bit, constant(3)));
  return storeWord(constant(BUFFER), and(wordAt(address, and(bit, constant(7))), mask), 4 * lane);
}

const narrowed = (sums: Sums): Code => sums === 16 ? set(X, lowerParts(get(LOW), get(HIGH))) : [];

/** The lower halves of eight words. */
export const lowerParts = (low: Code, high: Code): Code =>
  shuffle(low, high, [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29]);

/** Fills the tables that the loops look into. */
export function fillTables(memory: Uint8Array): void {
  const view = new DataView(memory.buffer, memory.byteOffset);
  memory.fill(255, INSIDE, INSIDE + 32);
  for (let width = 0; width <= WIDEST_WORD; width++) {
    const table = width * STRIDE;
    if (width <= WIDEST_HALF) fillLanes(view, table, { width, size: 2, first: 0 });
    fillLanes(view, table + 32, { width, size: 4, first: 0 });
    // The upper four are read from `width >> 1` bytes on, the last byte in which they all can begin.
    fillLanes(view, table + 64, { width, size: 4, first: (4 * width) & 7 });
  }
}

/** Bytes and factors of lanes of `size` bytes whose first integer begins with bit `first`. */
function fillLanes(
  view: DataView,
  at: number,
  { width, size, first }: { readonly width: number; size: 2 | 4; first: number },
): void {
  for (let lane = 0; lane < 16 / size; lane++) {
    const bit = first + lane * width, shift = 8 * size - width - (bit & 7);
    for (let byte = 0; byte < size; byte++) {
      // Integers of no bits come from nowhere.
      view.setUint8(at + lane * size + byte, width === 0 ? 255 : (bit >> 3) + byte);
    }
    const factor = width === 0 ? 0 : 2 ** shift;
    if (size === 2) view.setUint16(at + 16 + lane * size, factor, true);
    else view.setUint32(at + 16 + lane * size, factor, true);
  }
}
