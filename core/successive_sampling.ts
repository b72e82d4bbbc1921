/**
 * Drawing without replacement, one after the other, each time in proportion to the weights left.
 *
 * @module
 */

import type { Random } from "./random.ts";

/** Fills the benchmark's long-tail weights: value - smallest value of the cell + 1e-5. */
export function fillLongTailWeights(weights: Float64Array, values: ArrayLike<number>): void {
  let smallest = Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] < smallest) smallest = values[i];
  for (let i = 0; i < values.length; i++) weights[i] = values[i] - smallest + 1e-5;
}

/** Exponentials of the items: one cell is drawn at a time. */
let drawn = new Float64Array(0);

/**
 * Fills one key an item: the items with the largest keys, in descending order, are a successive
 * sample (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006, with
 * `w / E` in the place of `u^(1/w)`, which orders alike; so does `u` where all weights are equal).
 *
 * @param weights Positive weights, which may stand in `keys` itself; one number is drawn for each,
 *   in the order of the items.
 */
export function fillKeys(keys: Float64Array, weights: ArrayLike<number>, random: Random): void {
  if (drawn.length < weights.length) drawn = new Float64Array(2 * weights.length);
  const exponentials = drawn.subarray(0, weights.length);
  random.fillExponentials(exponentials);
  for (let i = 0; i < weights.length; i++) keys[i] = weights[i] / exponentials[i];
}

/** Places of keys, as far as they are sorted: one cell is drawn at a time. */
let order = new Uint32Array(0);
/** So few places are sorted by insertion. */
const FEW = 24;
/** Keys that are looked at first. */
const sample = new Float64Array(32);

/**
 * Fills `chosen` with the places of the largest keys, in descending order, equal ones by place.
 *
 * Quicksort, which leaves alone what comes behind the places wanted; most of that is told from a few
 * keys beforehand.
 */
export function fillLargest(chosen: Uint32Array, keys: Float64Array): void {
  if (order.length < keys.length) order = new Uint32Array(2 * keys.length);
  const places = order;

  function sort(first: number, last: number): void {
    while (last - first >= FEW) {
      const middle = places[(first + last) >> 1], key = keys[middle];
      let i = first, j = last;
      while (i <= j) {
        while (keys[places[i]] > key || (keys[places[i]] === key && places[i] < middle)) i++;
        while (keys[places[j]] < key || (keys[places[j]] === key && places[j] > middle)) j--;
        if (i > j) break;
        const place = places[i];
        places[i++] = places[j];
        places[j--] = place;
      }
      if (i < chosen.length) sort(i, last);
      last = j;
    }
    for (let i = first + 1; i <= last; i++) insert(i, first);
  }
  function insert(i: number, first: number): void {
    const place = places[i], key = keys[place];
    for (; i > first; i--) {
      const before = places[i - 1];
      if (keys[before] > key || (keys[before] === key && before < place)) break;
      places[i] = before;
    }
    places[i] = place;
  }
  sort(0, fillCandidates(places, keys, chosen.length) - 1);
  for (let i = 0; i < chosen.length; i++) chosen[i] = places[i];
}

/** Fills the places of keys that may be among the `wanted` largest; returns how many they are. */
function fillCandidates(places: Uint32Array, keys: Float64Array, wanted: number): number {
  const bound = boundOf(keys, wanted);
  let count = 0;
  for (let i = 0; i < keys.length; i++) if (keys[i] >= bound) places[count++] = i;
  if (count >= wanted) return count;
  for (let i = 0; i < keys.length; i++) places[i] = i;
  return keys.length;
}

/** A number that hardly ever less than `wanted` keys reach, and not many more (Floyd and Rivest 1975). */
function boundOf(keys: Float64Array, wanted: number): number {
  const share = wanted / keys.length, mean = share * sample.length;
  const rank = Math.ceil(mean + 2 * Math.sqrt(mean * (1 - share)));
  if (keys.length < 2 * sample.length || rank >= sample.length) return -Infinity;
  for (let i = 0; i < sample.length; i++) {
    sample[i] = keys[Math.floor(i * keys.length / sample.length)];
  }
  return sample.sort()[sample.length - 1 - rank];
}

/**
 * The exact probability that each item is among the first `draws`, by dynamic programming over all
 * subsets: 2ⁿ steps, so for small n only.
 */
export function inclusionProbabilities(weights: ArrayLike<number>, draws: number): Float64Array {
  const n = weights.length;
  if (n > 20 || draws > n) {
    throw new RangeError(`Cannot enumerate ${draws} draws of ${n} items: at most 20 of 20`);
  }
  const included = new Float64Array(n);
  // reached[s]: probability that the items drawn first are those in the bits of s.
  const reached = new Float64Array(2 ** n);
  reached[0] = 1;
  for (let subset = 0; subset < reached.length; subset++) {
    let drawn = 0, left = 0;
    for (let i = 0; i < n; i++) (subset >> i) & 1 ? drawn++ : left += weights[i];
    if (drawn > draws) continue;
    for (let i = 0; i < n; i++) {
      if ((subset >> i) & 1) {
        if (drawn === draws) included[i] += reached[subset];
      } else if (drawn < draws) {
        reached[subset | (1 << i)] += reached[subset] * weights[i] / left;
      }
    }
  }
  return included;
}
