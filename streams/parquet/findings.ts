/**
 * What is found out of numbers while they are at hand, so that nobody has to look at them again: loops
 * in WebAssembly, over eight integers or four floats at a time.
 *
 * @module
 */

import {
  add,
  addHalves,
  type Code,
  constant,
  everyWord,
  get,
  I32,
  less,
  load,
  notAboveHalves,
  orBits,
  repeat,
  set,
  store,
  subtractWords,
  V128,
} from "../wasm/code.ts";
import type { FunctionText } from "../wasm/encode_module.ts";
import type { Numbers } from "./plain.ts";

/** What was found in the numbers of a target. */
export interface Findings {
  /**
   * "falls": integers of 16 bits that are not above the one before; "faults": floats that are not above
   * zero and finite.
   */
  readonly of: "falls" | "faults";
  /** How many, of faults only whether there are some; NaN where nobody looked. */
  count: number;
}

/** Bits of the largest finite number. */
const LARGEST = 0x7F7F_FFFF;
/** Integers that are looked at in one go: so few that counts of 16 bits hold. */
const MOST = 2 ** 18;

/** Locals of the loops. */
export const AT = 0, FOUND = 2;
const END = 1;

/** A loop that takes 16 bytes after another, from the address `AT` up to `END`, into `FOUND`. */
export const findingLoop = (found: Code, result: number): FunctionText => ({
  parameters: [I32, I32],
  locals: [V128],
  body: [
    repeat(
      [set(FOUND, found), set(AT, add(get(AT), constant(16)))],
      less(get(AT), get(END)),
    ),
    store(constant(result), get(FOUND), 0),
  ],
});

/**
 * The loops, each of which leaves 16 bytes at the address `result`: `falls` takes 1 from a count for each
 * integer that is not above the one before, `faults` leaves a sign for a float.
 */
export const findingLoops = (
  result: number,
): Readonly<Record<"falls" | "faults", FunctionText>> => ({
  falls: findingLoop(
    addHalves(get(FOUND), notAboveHalves(load(get(AT), 0), loadBefore(get(AT)))),
    result,
  ),
  faults: findingLoop(
    orBits(get(FOUND), outside(LARGEST)),
    result,
  ),
});

/** A sign for each float that is not above zero, or above the one of the bits `largest`. */
export const outside = (largest: number): Code =>
  // A difference below zero leaves its sign.
  orBits(
    subtractWords(load(get(AT), 0), everyWord(constant(1))),
    subtractWords(everyWord(constant(largest)), load(get(AT), 0)),
  );

/** The eight integers that begin one before an address. */
const loadBefore = (address: Code): Code => load(add(address, constant(-2)), 0);

/** The loops of a module, and where they leave what they find. */
export interface Finder {
  readonly falls: (at: number, end: number) => void;
  readonly faults: (at: number, end: number) => void;
  readonly result: number;
}

/** What there is of something in numbers that lie in the memory of the loops; NaN where they cannot tell. */
export function findIn(numbers: Numbers, of: Findings["of"], finder: Finder): number {
  if (of === "falls") return numbers instanceof Uint16Array ? countFalls(numbers, finder) : NaN;
  return numbers instanceof Float32Array ? (hasFaults(numbers, finder) ? 1 : 0) : NaN;
}

function countFalls(halves: Uint16Array, { falls, result }: Finder): number {
  const { buffer, byteOffset, length } = halves, lanes = new Uint16Array(buffer, result, 8);
  const vectors = 1 + (Math.max(0, length - 1) & ~7);
  let count = 0;
  for (let from = 1; from < vectors; from += MOST) {
    falls(byteOffset + 2 * from, byteOffset + 2 * Math.min(vectors, from + MOST));
    for (let lane = 0; lane < 8; lane++) count += (65_536 - lanes[lane]) % 65_536;
  }
  for (let i = vectors; i < length; i++) count += halves[i] <= halves[i - 1] ? 1 : 0;
  return count;
}

function hasFaults(floats: Float32Array, { faults, result }: Finder): boolean {
  const { buffer, byteOffset, length } = floats, words = new Int32Array(buffer, result, 4);
  const vectors = length & ~3;
  let signs = 0;
  if (vectors > 0) {
    faults(byteOffset, byteOffset + 4 * vectors);
    signs = words[0] | words[1] | words[2] | words[3];
  }
  for (let i = vectors; i < length; i++) {
    if (!(floats[i] > 0 && floats[i] < Infinity)) signs = -1;
  }
  return signs < 0;
}
