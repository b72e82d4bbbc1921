/**
 * Bit packing, 32 integers at a time: the writing half of unpack.ts.
 *
 * @module
 */

import { LANES } from "./unpack.ts";

/** Writes 32 integers at byte `at`, lowest bits first, and nothing behind them. */
export type Pack = (view: DataView, at: number, lanes: Uint32Array) => void;

const packers: Pack[] = [];

/** What packs integers of `width` bits, 0 to 32; no integer may be wider. */
export const packerOf = (width: number): Pack => packers[width] ??= compile(width);

/** Straight-line code: every word is put together from the lanes that have bits in it. */
function compile(width: number): Pack {
  const words: string[][] = Array.from({ length: width }, () => []);
  for (let lane = 0; lane < LANES && width > 0; lane++) {
    const word = (lane * width) >> 5, shift = (lane * width) & 31;
    words[word].push(`lanes[${lane}] << ${shift}`);
    if (shift + width > 32) words[word + 1].push(`lanes[${lane}] >>> ${32 - shift}`);
  }
  const lines = words.map((parts, word) =>
    `view.setUint32(at + ${4 * word}, ${parts.join(" | ")}, true);`
  );
  return new Function("view", "at", "lanes", lines.join("\n")) as Pack;
}
