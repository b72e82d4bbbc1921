/**
 * Codes to what a dictionary has for them, unpacked and looked up in one go.
 *
 * @module
 */

import { readRun } from "./hybrid.ts";
import { viewOf } from "./pages.ts";
import { fillLanes, LANES, unpackingCode } from "./unpack.ts";
import type { Numbers } from "./plain.ts";

/** Looks up 32 codes at `at`; negative where one of them is past the end of the dictionary. */
type LookUp<A> = (view: DataView, at: number, out: A, next: number, dictionary: A) => number;

/** Values of a run up to which a loop is quicker than a call. */
const SHORT = 64;

const lookUps: LookUp<Numbers | Int32Array>[] = [];
const lanes = new Uint32Array(LANES);

/**
 * Fills `out` with what the dictionary has at each of the codes of a page, whose first byte says how
 * many bits a code has.
 */
export function lookUpInto<A extends Numbers | Int32Array>(
  out: A,
  bytes: Uint8Array,
  dictionary: A,
): void {
  const count = out.length, size = dictionary.length, width = bytes[0];
  if (count === 0) return;
  if (!(width <= 32)) throw new RangeError(`codes of ${width} bits`);
  const cursor = { bytes, at: 1 }, view = viewOf(bytes);
  const lookUp = lookUps[width] ??= compile(width);
  for (let next = 0; next < count;) {
    const run = readRun(cursor, width), end = Math.min(count, next + run.length);
    if (run.value !== undefined) {
      if (run.value >= size) throw new RangeError("a code is not in the dictionary");
      const value = dictionary[run.value];
      // Most runs are short, and a call for each would cost more than they do.
      if (end - next > SHORT) out.fill(value, next, end);
      else for (let i = next; i < end; i++) out[i] = value;
      next = end;
      continue;
    }
    if (cursor.at + Math.ceil((end - next) * width / 8) > bytes.length) {
      throw new RangeError("codes run past the end of their page");
    }
    let worst = 0, at = cursor.at;
    for (; next + LANES <= end; next += LANES, at += 4 * width) {
      if (at + 4 * width > bytes.length) break;
      worst |= lookUp(view, at, out, next, dictionary);
    }
    while (next < end) {
      fillLanes(lanes, view, at, width);
      at += 4 * width;
      for (let lane = 0; lane < LANES && next < end; lane++) {
        if (lanes[lane] >= size) worst = -1;
        out[next++] = dictionary[lanes[lane]];
      }
    }
    if (worst < 0) throw new RangeError("a code is not in the dictionary");
    cursor.at += run.bytes;
  }
}

function compile(width: number): LookUp<Numbers | Int32Array> {
  const lines = unpackingCode(
    width,
    (lane, bits) =>
      `const c${lane} = ${bits} >>> 0; out[next + ${lane}] = dictionary[c${lane}]; ` +
      `worst |= last - c${lane} < 0 ? -1 : 0;`,
  );
  return new Function(
    "view",
    "at",
    "out",
    "next",
    "dictionary",
    `const last = dictionary.length - 1; let worst = 0;\n${lines}\nreturn worst;`,
  ) as LookUp<Numbers | Int32Array>;
}
