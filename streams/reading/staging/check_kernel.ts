/**
 * Loops that look for what no cell has, for numbers that nobody looked at while they were decoded.
 *
 * @module
 */

import {
  AT,
  type Finder,
  findIn,
  findingLoop,
  findingLoops,
  FOUND,
  outside,
} from "../../parquet/findings.ts";
import { get, load, orBits, otherFloats, wholeFloats } from "../../wasm/code.ts";
import { encodeModule } from "../../wasm/encode_module.ts";

/** Numbers that are looked at together. */
export const PIECE = 2 ** 13;
/** Where the loops leave what they find, and where the numbers lie. */
const RESULT = 0, NUMBERS = 64;

/** Bits of the largest float below 2^32. */
const LARGEST = 0x4F7F_FFFF;

/** Loops that leave a sign for a float that is no value of the scale, or is zero. */
const valueLoops = () => {
  const number = load(get(AT), 0), found = orBits(get(FOUND), outside(LARGEST));
  return {
    counts: findingLoop(orBits(found, otherFloats(number, wholeFloats(number))), RESULT),
    log1p: findingLoop(found, RESULT),
  };
};

/** The module: the loops of `findingLoops` and of `valueLoops`. */
export const checkModule = (): Uint8Array<ArrayBuffer> =>
  encodeModule({
    pages: Math.ceil((NUMBERS + 4 * PIECE) / 2 ** 16),
    functions: { ...findingLoops(RESULT), ...valueLoops() },
  });

/** Values `from … to - 1`. */
export interface ValueRun {
  readonly from: number;
  readonly to: number;
  readonly scale: "counts" | "log1p";
}

/** The loops on arrays. */
export interface CheckKernel {
  /** How many of the genes `from … to - 1` are not above the one before; `from` is not 0. */
  countFalls(genes: Uint16Array, from: number, to: number): number;
  /** Whether the values `from … to - 1` are above zero and finite. */
  arePositive(values: Float32Array, from: number, to: number): boolean;
  /** Whether the values are above zero, below 2^32 and, where they are counts, integers. */
  areValues(values: Float32Array, rows: ValueRun): boolean;
}

let kernel: CheckKernel | undefined | "none";

/** The loops of this thread, made when they are first needed; undefined as from `openCheckKernel`. */
export function checkKernel(): CheckKernel | undefined {
  kernel ??= openCheckKernel() ?? "none";
  return kernel === "none" ? undefined : kernel;
}

/** The loops; undefined where vectors of WebAssembly are unknown. */
export function openCheckKernel(): CheckKernel | undefined {
  const module = checkModule();
  if (!globalThis.WebAssembly?.validate(module)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  const { memory, falls, faults, ...loops } = exports as unknown as
    & Omit<Finder, "result">
    & Readonly<Record<ValueRun["scale"], Finder["faults"]>>
    & { readonly memory: WebAssembly.Memory };
  const { buffer } = memory, finder = { falls, faults, result: RESULT };
  const halves = new Uint16Array(buffer, NUMBERS, PIECE);
  const floats = new Float32Array(buffer, NUMBERS, PIECE);
  const signs = new Int32Array(buffer, RESULT, 4);

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
    areValues(values, { from, to, scale }) {
      let found = 0;
      for (let at = from; at < to; at += PIECE) {
        const size = Math.min(PIECE, to - at), vectors = (size + 3) & ~3;
        floats.set(values.subarray(at, at + size));
        // What fills the last vector is a value.
        floats.fill(1, size, vectors);
        loops[scale](NUMBERS, NUMBERS + 4 * vectors);
        found |= signs[0] | signs[1] | signs[2] | signs[3];
      }
      return found >= 0;
    },
  };
}
