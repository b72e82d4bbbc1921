/**
 * Sums of eight differences, and their way to memory as the type that is wanted, as code for the loop
 * over differences.
 *
 * @module
 */

import {
  add,
  addHalves,
  addWords,
  andBits,
  bytes,
  choose,
  type Code,
  constant,
  floatsOfSigned,
  floatsOfUnsigned,
  get,
  less,
  load,
  lowerHalves,
  orBits,
  set,
  shuffle,
  store,
  subtract,
  upperHalves,
} from "../wasm/code.ts";
import { INSIDE, lowerParts, type Sums } from "./delta_lanes.ts";
import { ALL, CARRY, HIGH, LEAST, LOW, OUT, RAW, SIZE, STOP, X } from "./delta_locals.ts";

/** How sums are kept, and where they go. */
export interface Variant {
  /** Those of 16 bits wrap around, as do those of 32. */
  readonly sums: Sums;
  /** Bytes of a value. */
  readonly bytes: 2 | 4;
  /** Writes the eight sums in `X`, or in `LOW` and `HIGH`, to `OUT`. */
  readonly write: Code;
}

const same = (a: Code): Code => a;
const both = (low: Code, high: Code): Code => [
  store(get(OUT), low, 0),
  store(get(OUT), high, 16),
];
const fromHalves = (as: (a: Code) => Code): Code =>
  both(as(lowerHalves(get(X))), as(upperHalves(get(X))));

/** The loops that there are, by name. */
export const VARIANTS: Readonly<Record<string, Variant>> = {
  halvesToHalves: { sums: 16, bytes: 2, write: store(get(OUT), get(X), 0) },
  halvesToWords: { sums: 16, bytes: 4, write: fromHalves(same) },
  halvesToFloats: { sums: 16, bytes: 4, write: fromHalves(floatsOfSigned) },
  wordsToHalves: {
    sums: 32,
    bytes: 2,
    write: [
      // What lies behind the last integer is nothing that has to fit.
      set(SIZE, subtract(get(STOP), get(OUT))),
      set(
        RAW,
        choose(
          less(get(SIZE), constant(16)),
          subtract(constant(32), add(get(SIZE), get(SIZE))),
          constant(0),
        ),
      ),
      set(ALL, orBits(get(ALL), andBits(get(LOW), load(get(RAW), INSIDE)))),
      set(ALL, orBits(get(ALL), andBits(get(HIGH), load(get(RAW), INSIDE + 16)))),
      store(get(OUT), lowerParts(get(LOW), get(HIGH)), 0),
    ],
  },
  wordsToWords: { sums: 32, bytes: 4, write: both(get(LOW), get(HIGH)) },
  unsignedToFloats: {
    sums: 32,
    bytes: 4,
    write: both(floatsOfUnsigned(get(LOW)), floatsOfUnsigned(get(HIGH))),
  },
  signedToFloats: {
    sums: 32,
    bytes: 4,
    write: both(floatsOfSigned(get(LOW)), floatsOfSigned(get(HIGH))),
  },
};

/** Adds up eight differences, each with the least of the block, onto what was carried. */
export function sumUp({ sums, write }: Variant): Code {
  if (sums === 16) {
    return [
      set(X, addHalves(get(X), get(LEAST))),
      [2, 4, 8].map((bytes) => set(X, addHalves(get(X), moved(get(X), bytes)))),
      set(X, addHalves(get(X), get(CARRY))),
      set(CARRY, shuffle(get(X), get(X), Array.from({ length: 16 }, (_, i) => 14 + i % 2))),
      write,
    ];
  }
  const four = (lanes: number): Code => [
    set(lanes, addWords(get(lanes), get(LEAST))),
    [4, 8].map((bytes) => set(lanes, addWords(get(lanes), moved(get(lanes), bytes)))),
    set(lanes, addWords(get(lanes), get(CARRY))),
    set(CARRY, shuffle(get(lanes), get(lanes), Array.from({ length: 16 }, (_, i) => 12 + i % 4))),
  ];
  return [four(LOW), four(HIGH), write];
}

/** Lanes moved up by that many bytes; zeros come in. */
const moved = (vector: Code, by: number): Code =>
  shuffle(
    bytes(...Array<number>(16).fill(0)),
    vector,
    Array.from({ length: 16 }, (_, i) => 16 + i - by),
  );
