/**
 * Dropout's bytes at speed: the same as `fillKeep` of core/random.ts, drawn by a WebAssembly loop.
 *
 * @module
 */

import { type Drops, fillKeep } from "../../../core/random.ts";
import { type KeepLoop, keepModule, PIECE } from "./keep_loop.ts";

/** Fills `keep` with 1 (kept) and 0 (dropped). */
export type FillKeep = (keep: Uint8Array, drops: Drops) => void;

let chosen: FillKeep | undefined;

/** The quickest filler that this machine runs; made at its first use, once a process. */
export const fillKeepQuickly: FillKeep = (keep, drops) =>
  (chosen ??= fillerOf(keepModule()))(keep, drops);

/** The filler that a module makes, or plain JavaScript where vectors of WebAssembly are unknown. */
export function fillerOf(module: Uint8Array<ArrayBuffer>): FillKeep {
  // Without a just-in-time compiler, the runtime has no WebAssembly at all.
  if (!globalThis.WebAssembly?.validate(module)) return fillKeep;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  const { memory, run } = exports as unknown as KeepLoop;
  const piece = new Uint8Array(memory.buffer);

  return (keep, { rate, key: [key0, key1], from = 0 }) => {
    const limit = Math.round(rate * 256), skip = from % 8;
    if (limit === 0) return void keep.fill(1);
    // The loop begins with whole blocks of eight bytes.
    for (let at = -skip; at < keep.length; at += PIECE) {
      const size = Math.min(PIECE, keep.length - at), before = Math.max(0, -at);
      run((from + at) / 8, size, key0, key1, limit - 1);
      keep.set(piece.subarray(before, size), at + before);
    }
  };
}
