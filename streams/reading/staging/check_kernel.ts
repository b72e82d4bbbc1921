/**
 * Loops that look for what no cell has, for numbers that nobody looked at while they were decoded.
 *
 * @module
 */

import { type Finder, findIn, findingLoops } from "../../parquet/findings.ts";
import { encodeModule } from "../../wasm/encode_module.ts";

/** Numbers that are looked at together. */
export const PIECE = 2 ** 13;
/** Where the loops leave what they find, and where the numbers lie. */
const RESULT = 0, NUMBERS = 64;

/** The module: the loops of `findingLoops`. */
export const checkModule = (): Uint8Array<ArrayBuffer> =>
  encodeModule({
    pages: Math.ceil((NUMBERS + 4 * PIECE) / 2 ** 16),
    functions: findingLoops(RESULT),
  });

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
  const { memory, falls, faults } = exports as unknown as
    & Omit<Finder, "result">
    & { readonly memory: WebAssembly.Memory };
  const { buffer } = memory, finder = { falls, faults, result: RESULT };
  const halves = new Uint16Array(buffer, NUMBERS, PIECE);
  const floats = new Float32Array(buffer, NUMBERS, PIECE);

  return {
    countFalls(genes, from, to) {
      let count = 0;
      // Each piece begins with the last gene of the one before.
      for (let at = from; at < to; at += PIECE - 1) {
        const end = Math.min(to, at + PIECE - 1);
        halves.set(genes.subarray(at - 1, end));
        count += findIn(halves.subarray(0, end - at + 1), "falls", finder);
      }
      return count;
    },
    arePositive(values, from, to) {
      let faulty = 0;
      for (let at = from; at < to; at += PIECE) {
        const size = Math.min(PIECE, to - at);
        floats.set(values.subarray(at, at + size));
        faulty += findIn(floats.subarray(0, size), "faults", finder);
      }
      return faulty === 0;
    },
  };
}
