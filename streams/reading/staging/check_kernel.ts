/**
 * Loops that look for what no cell has, in WebAssembly: eight genes or four values at a time.
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
} from "../../wasm/code.ts";
import { encodeModule } from "../../wasm/encode_module.ts";

/** Numbers that are looked at together, a multiple of eight; so few that counts of 16 bits hold. */
export const PIECE = 2 ** 13;
/** Where the result lies, and the numbers; one gene before them is looked at. */
const RESULT = 0, NUMBERS = 64;
/** Bits of the largest finite number. */
const LARGEST = 0x7F7F_FFFF;

const [AT, END, FOUND] = [0, 1, 2];

/** What is done with 16 bytes after another, from the address `AT` up to `END`. */
const loop = (found: Code) => ({
  parameters: [I32, I32],
  locals: [V128],
  body: [
    repeat(
      [set(FOUND, found), set(AT, add(get(AT), constant(16)))],
      less(get(AT), get(END)),
    ),
    store(constant(RESULT), get(FOUND), 0),
  ],
});

/** The module: `falls` takes 1 from a count for each gene that is not above the one before. */
export const checkModule = (): Uint8Array<ArrayBuffer> =>
  encodeModule({
    pages: 1 + Math.ceil((NUMBERS + 4 * PIECE) / 2 ** 16),
    functions: {
      falls: loop(
        addHalves(get(FOUND), notAboveHalves(load(get(AT), 0), loadBefore(get(AT)))),
      ),
      // A difference below zero leaves its sign.
      wrongs: loop(
        orBits(
          get(FOUND),
          orBits(
            subtractWords(load(get(AT), 0), everyWord(constant(1))),
            subtractWords(everyWord(constant(LARGEST)), load(get(AT), 0)),
          ),
        ),
      ),
    },
  });

/** The eight genes that begin one before an address. */
const loadBefore = (address: Code): Code => load(add(address, constant(-2)), 0);

type Loop = (at: number, end: number) => void;

/** The loops on arrays. */
export interface CheckKernel {
  /** How many of the genes `from … to - 1` are not above the one before; `from` is not 0. */
  countFalls(genes: Uint16Array, from: number, to: number): number;
  /** Whether the values `from … to - 1` are above zero and finite. */
  arePositive(values: Float32Array, from: number, to: number): boolean;
}

/** The loops; undefined where vectors of WebAssembly are unknown. */
export function openCheckKernel(): CheckKernel | undefined {
  const module = checkModule();
  if (!globalThis.WebAssembly?.validate(module)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  const { memory, falls, wrongs } = exports as unknown as {
    readonly memory: WebAssembly.Memory;
    readonly falls: Loop;
    readonly wrongs: Loop;
  };
  const { buffer } = memory, halves = new Uint16Array(buffer, RESULT, 8);
  const words = new Int32Array(buffer, RESULT, 4);
  const genesHere = new Uint16Array(buffer, NUMBERS - 2, PIECE + 1);
  const valuesHere = new Float32Array(buffer, NUMBERS, PIECE);

  return {
    countFalls(genes, from, to) {
      let count = 0;
      for (let at = from; at < to; at += PIECE) {
        const size = Math.min(PIECE, to - at);
        genesHere.set(genes.subarray(at - 1, at + size));
        // What is left of the last eight ascends.
        for (let i = size; i % 8 !== 0; i++) genesHere[i + 1] = i % 8 + 65_528;
        if (size % 8 !== 0) count -= genesHere[size] >= genesHere[size + 1] ? 1 : 0;
        falls(NUMBERS, NUMBERS + 2 * size);
        for (const half of halves) count += (65_536 - half) % 65_536;
      }
      return count;
    },
    arePositive(values, from, to) {
      let signs = 0;
      for (let at = from; at < to; at += PIECE) {
        const size = Math.min(PIECE, to - at);
        valuesHere.set(values.subarray(at, at + size));
        valuesHere.fill(1, size, Math.min(PIECE, size + 3));
        wrongs(NUMBERS, NUMBERS + 4 * size);
        for (const word of words) signs |= word;
      }
      return signs >= 0;
    },
  };
}
