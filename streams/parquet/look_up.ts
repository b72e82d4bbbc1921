/**
 * Codes to what a dictionary has for them, unpacked and looked up in one go.
 *
 * @module
 */

import { readRun } from "./hybrid.ts";
import { viewOf } from "./pages.ts";
import { fillLanes, LANES, unpackingCode } from "./unpack.ts";
import type { Numbers } from "./plain.ts";

/**
 * Looks up the codes that begin at byte `at`, 32 or 8 at a time, for the places `next … end - 1` of `out`;
 * negative where one of them is past the end of the dictionary.
 */
type LookUp<A> = (
  view: DataView,
  at: number,
  out: A,
  next: number,
  end: number,
  dictionary: A,
) => number;

/** Values of a run up to which a loop is quicker than a call. */
const SHORT = 64;

/** Codes of which runs are made. */
const GROUP = 8;

const lookUps: LookUp<Numbers | Int32Array>[] = [], ofGroups: typeof lookUps = [];
const lanes = new Uint32Array(LANES);

/**
 * Fills `out` with what the dictionary has at each of the codes of a page, the first `skip` left out. The
 * first byte of the page says how many bits a code has.
 */
export function lookUpInto<A extends Numbers | Int32Array>(
  out: A,
  bytes: Uint8Array,
  { dictionary, skip = 0 }: { readonly dictionary: A; readonly skip?: number },
): void {
  const count = out.length, size = dictionary.length, width = bytes[0], step = 4 * width;
  if (count === 0) return;
  if (!(width <= 32)) throw new RangeError(`codes of ${width} bits`);
  const cursor = { bytes, at: 1 }, view = viewOf(bytes);
  const lookUp = lookUps[width] ??= compile(width, LANES);
  const lookUpGroups = ofGroups[width] ??= compile(width, GROUP);
  for (let start = -skip; start < count;) {
    const run = readRun(cursor, width), end = Math.min(count, start + run.length);
    let next = Math.max(0, start);
    if (end > next && run.value !== undefined) {
      if (run.value >= size) throw new RangeError("a code is not in the dictionary");
      const value = dictionary[run.value];
      // Most runs are short, and a call for each would cost more than they do.
      if (end - next > SHORT) out.fill(value, next, end);
      else for (; next < end; next++) out[next] = value;
    } else if (end > next) {
      if (cursor.at + Math.ceil((end - start) * width / 8) > bytes.length) {
        throw new RangeError("codes run past the end of their page");
      }
      let at = cursor.at + width * ((next - start) >> 3), lane = (next - start) & 7, worst = 0;
      while (next < end) {
        if (lane === 0) {
          const there = Math.floor((bytes.length - at) / (step || 1));
          const whole = next + LANES * Math.min((end - next) >> 5, there);
          if (whole > next) worst |= lookUp(view, at, out, next, whole, dictionary);
          at += width * ((whole - next) >> 3);
          // The last word of a group may go on behind it.
          const more = Math.max(0, Math.floor((bytes.length - at - 4) / (width || 1)));
          next = whole + GROUP * Math.min((end - whole) >> 3, more);
          if (next > whole) worst |= lookUpGroups(view, at, out, whole, next, dictionary);
          at += width * ((next - whole) >> 3);
        }
        // What neither begins nor ends with a group, and where the page ends.
        if (next < end) fillLanes(lanes, view, at, width);
        for (; lane < LANES && next < end; lane++) {
          if (lanes[lane] >= size) worst = -1;
          out[next++] = dictionary[lanes[lane]];
        }
        lane = 0;
        at += step;
      }
      if (worst < 0) throw new RangeError("a code is not in the dictionary");
    }
    cursor.at += run.bytes;
    start += run.length;
  }
}

function compile(width: number, count: number): LookUp<Numbers | Int32Array> {
  const lines = unpackingCode(
    width,
    (lane, bits) =>
      `const c${lane} = ${bits} >>> 0; out[next + ${lane}] = dictionary[c${lane}]; ` +
      // Below zero only where the code is too large, but for codes of 32 bits, whose sign is none.
      `worst |= ${width < 32 ? `last - c${lane}` : `last < c${lane} ? -1 : 0`};`,
    count,
  );
  return new Function(
    "view",
    "at",
    "out",
    "next",
    "end",
    "dictionary",
    `const last = dictionary.length - 1; let worst = 0;
for (; next < end; next += ${count}, at += ${count / 8 * width}) {\n${lines}\n}
return worst;`,
  ) as LookUp<Numbers | Int32Array>;
}
