/**
 * The loop that decodes the blocks of DELTA_BINARY_PACKED, in WebAssembly: eight integers at a time,
 * unpacked, summed up and turned into the type that is wanted without leaving the registers.
 *
 * @module
 */

import {
  add,
  and,
  anyBit,
  byteAt,
  choose,
  type Code,
  constant,
  everyHalf,
  everyWord,
  get,
  give,
  I32,
  left,
  less,
  moveRightBy,
  multiply,
  or,
  repeat,
  right,
  set,
  subtract,
  V128,
  when,
  xor,
} from "../wasm/code.ts";
import { encodeModule, type FunctionText } from "../wasm/encode_module.ts";
import { FOUND, unpackThen } from "./delta_lanes.ts";
import {
  ALL,
  AT,
  CARRY,
  COUNT,
  END,
  LEAST,
  MINIBLOCK,
  MINIBLOCKS,
  NEXT,
  OUT,
  RAW,
  SHIFT,
  SIZE,
  STOP,
  VALUE,
  WIDTH,
  WIDTHS,
  WIDTHS_END,
} from "./delta_locals.ts";
import { sumUp, type Variant, VARIANTS } from "./delta_sums.ts";
import { findingLoops } from "./findings.ts";

/** What a loop ends with: all is decoded, or it is left to the plain decoder to say what is wrong. */
export const DONE = 0;
const LEFT = 1;

/**
 * Decodes `count` integers that follow `value` to `out`, from the blocks between the addresses `at` and
 * `end`. Up to `SPILL` bytes behind the last integer are overwritten, and as many behind `end` are read.
 */
export type DeltaLoop = (
  at: number,
  end: number,
  out: number,
  count: number,
  miniblock: number,
  miniblocks: number,
  value: number,
) => number;

/** Bytes that loops touch behind what they are given. */
export const SPILL = 64;

/** The module; its exports are a `DeltaLoop` for each variant, those of `findingLoops`, and the memory. */
export function deltaModule(): Uint8Array<ArrayBuffer> {
  const functions = Object.fromEntries(
    Object.entries(VARIANTS).map(([name, variant]) => [name, loopOf(variant)]),
  );
  return encodeModule({ functions: { ...functions, ...findingLoops(FOUND) }, pages: 1 });
}

function loopOf(variant: Variant): FunctionText {
  const every = variant.sums === 16 ? everyHalf : everyWord;
  const isTooLarge = anyBit(moveRightBy(get(ALL), constant(16)));
  return {
    parameters: Array<number>(7).fill(I32),
    locals: [...Array<number>(9).fill(I32), ...Array<number>(10).fill(V128)],
    result: I32,
    body: [
      set(CARRY, every(get(VALUE))),
      when(
        get(COUNT),
        repeat([
          readLeast(every),
          set(WIDTHS, get(AT)),
          set(AT, add(get(AT), get(MINIBLOCKS))),
          set(WIDTHS_END, get(AT)),
          refuseWhen(less(get(END), get(AT))),
          repeat(
            miniblock(variant),
            and(less(get(WIDTHS), get(WIDTHS_END)), less(constant(0), get(COUNT))),
          ),
        ], get(COUNT)),
      ),
      when(isTooLarge, give(constant(LEFT))),
      constant(DONE),
    ],
  };
}

const refuseWhen = (condition: Code): Code => when(condition, give(constant(LEFT)));

/** The smallest difference of a block: seven bits a byte, the sign the lowest. */
function readLeast(every: (value: Code) => Code): Code {
  const byte = get(WIDTH);
  return [
    set(RAW, constant(0)),
    set(SHIFT, constant(0)),
    repeat([
      refuseWhen(or(less(constant(28), get(SHIFT)), xor(less(get(AT), get(END)), constant(1)))),
      set(WIDTH, byteAt(get(AT))),
      set(AT, add(get(AT), constant(1))),
      set(RAW, or(get(RAW), left(and(byte, constant(127)), get(SHIFT)))),
      set(SHIFT, add(get(SHIFT), constant(7))),
    ], less(constant(127), byte)),
    set(
      LEAST,
      every(xor(
        right(get(RAW), constant(1)),
        subtract(constant(0), and(get(RAW), constant(1))),
      )),
    ),
  ];
}

function miniblock(variant: Variant): Code {
  const used = right(add(multiply(get(SIZE), get(WIDTH)), constant(7)), constant(3));
  const each = [sumUp(variant), set(OUT, add(get(OUT), constant(8 * variant.bytes)))];
  return [
    set(WIDTH, byteAt(get(WIDTHS))),
    set(WIDTHS, add(get(WIDTHS), constant(1))),
    set(SIZE, choose(less(get(COUNT), get(MINIBLOCK)), get(COUNT), get(MINIBLOCK))),
    refuseWhen(less(constant(32), get(WIDTH))),
    refuseWhen(less(subtract(get(END), get(AT)), used)),
    set(COUNT, subtract(get(COUNT), get(SIZE))),
    set(NEXT, add(get(AT), multiply(right(get(MINIBLOCK), constant(3)), get(WIDTH)))),
    set(STOP, add(get(OUT), multiply(get(SIZE), constant(variant.bytes)))),
    unpackThen(each, variant.sums),
    set(AT, get(NEXT)),
  ];
}
