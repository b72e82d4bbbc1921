/**
 * Dropout's bytes at speed: the same as `fillKeep` of core/random.ts, drawn by a WebAssembly loop.
 *
 * @module
 */

import { fillKeep, type Key } from "../../../core/random.ts";
import { type KeepLoop, keepModule, PIECE } from "./keep_loop.ts";

/** Fills `keep` with 1 (kept) and 0 (dropped with probability `drawnRate(rate)`). */
export type FillKeep = (keep: Uint8Array, rate: number, key: Key) => void;

let chosen: FillKeep | undefined;

/** The quickest filler that this machine runs; made at its first use, once a process. */
export const fillKeepQuickly: FillKeep = (keep, rate, key) =>
  (chosen ??= fillerOf(keepModule()))(keep, rate, key);

/** The filler that a module makes, or plain JavaScript where vectors of WebAssembly are unknown. */
export function fillerOf(module: Uint8Array<ArrayBuffer>): FillKeep {
  // Without a just-in-time compiler, the runtime has no WebAssembly at all.
  if (!globalThis.WebAssembly?.validate(module)) return fillKeep;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  const { memory, run } = exports as unknown as KeepLoop;
  const piece = new Uint8Array(memory.buffer);

  return (keep, rate, [key0, key1]) => {
    const limit = Math.round(rate * 256);
    if (limit === 0) return void keep.fill(1);
    for (let from = 0; from < keep.length; from += PIECE) {
      const size = Math.min(PIECE, keep.length - from);
      run(from / 8, size, key0, key1, limit - 1);
      keep.set(size < PIECE ? piece.subarray(0, size) : piece, from);
    }
  };
}
