/**
 * Which numbers occur, the most frequent first, so that their codes are small and pack well.
 *
 * @module
 */

/** Values as codes into the list of those that differ. */
export interface Dictionary {
  /** Different values, the most frequent first. */
  readonly values: Float32Array;
  readonly codes: Uint32Array;
}

/** Above this many different values, or one in eight, a dictionary does not pay. */
const LARGEST = 2 ** 16, SHARE = 1 / 8;

/** The dictionary of some values, none of them NaN; undefined where it would not pay. */
export function countsDictionary(values: Float32Array): Dictionary | undefined {
  const limit = Math.min(LARGEST, Math.max(16, values.length * SHARE));
  const small = new Int32Array(LARGEST), large = new Map<number, number>();
  let distinct = 0;
  for (let i = 0; i < values.length && distinct <= limit; i++) {
    const value = values[i];
    // No table and no map tells -0 from 0.
    if (value === 0 && 1 / value < 0) return undefined;
    // Counts are nearly always small integers: a table is many times faster than a map.
    if (value === (value & 0xFFFF)) {
      if (small[value]++ === 0) distinct++;
    } else {
      const seen = large.get(value) ?? 0;
      if (seen === 0) distinct++;
      large.set(value, seen + 1);
    }
  }
  if (distinct > limit) return undefined;

  const frequency = (value: number) => large.get(value) ?? small[value];
  const found = [...Float32Array.from(large.keys())];
  for (let value = 0; value < LARGEST; value++) if (small[value] > 0) found.push(value);
  const sorted = found.sort((a, b) => frequency(b) - frequency(a) || a - b);
  sorted.forEach((value, code) => large.has(value) ? large.set(value, code) : small[value] = code);
  const codes = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    codes[i] = value === (value & 0xFFFF) ? small[value] : large.get(value)!;
  }
  return { values: Float32Array.from(sorted), codes };
}
