/**
 * Integers of 16 bits into arrays of 32, in WebAssembly: eight at a time, where the engine takes one.
 *
 * @module
 */

import {
  add,
  constant,
  get,
  I32,
  less,
  load,
  lowerHalves,
  repeat,
  set,
  store,
  upperHalves,
  V128,
} from "../../wasm/code.ts";
import { encodeModule } from "../../wasm/encode_module.ts";

/** Integers that are widened together, a multiple of eight; so few that they stay near the processor. */
export const PIECE = 2 ** 12;
/** Where integers lie before and after; behind each is room for the rest of a vector. */
const HALVES = 0, WORDS = 2 * PIECE;

const [AT, END, OUT, X] = [0, 1, 2, 3];

/** The module: `widen` takes 16 bytes after another, from the address `AT` up to `END`. */
export const widenModule = (): Uint8Array<ArrayBuffer> =>
  encodeModule({
    pages: Math.ceil((WORDS + 4 * PIECE) / 2 ** 16),
    functions: {
      widen: {
        parameters: [I32, I32, I32],
        locals: [V128],
        body: repeat([
          set(X, load(get(AT), 0)),
          store(get(OUT), lowerHalves(get(X)), 0),
          store(get(OUT), upperHalves(get(X)), 16),
          set(AT, add(get(AT), constant(16))),
          set(OUT, add(get(OUT), constant(32))),
        ], less(get(AT), get(END))),
      },
    },
  });

/** Copies integers into `words`, from `at` on. */
export type Widen = (words: Uint32Array, halves: Uint16Array, at: number) => void;

/** A loop that widens; undefined where vectors of WebAssembly are unknown. */
export function openWiden(): Widen | undefined {
  const module = widenModule();
  if (!globalThis.WebAssembly?.validate(module)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  const { memory, widen } = exports as unknown as {
    readonly memory: WebAssembly.Memory;
    readonly widen: (at: number, end: number, out: number) => void;
  };
  const before = new Uint16Array(memory.buffer, HALVES, PIECE);
  const after = new Uint32Array(memory.buffer, WORDS, PIECE);

  return (words, halves, at) => {
    for (let from = 0; from < halves.length; from += PIECE) {
      const size = Math.min(PIECE, halves.length - from);
      before.set(size === halves.length ? halves : halves.subarray(from, from + size));
      widen(HALVES, HALVES + 2 * size, WORDS);
      words.set(after.subarray(0, size), at + from);
    }
  };
}
