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

/**
 * Fills one key an item: the items with the largest keys, in descending order, are a successive
 * sample (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006, with
 * `w / E` in the place of `u^(1/w)`, which orders alike).
 *
 * @param weights Positive weights, which may stand in `keys` itself; one number is drawn for each,
 *   in the order of the items.
 */
export function fillKeys(keys: Float64Array, weights: ArrayLike<number>, random: Random): void {
  for (let i = 0; i < weights.length; i++) keys[i] = weights[i] / random.exponential();
}

/**
 * Fills `chosen` with the places of the largest keys, in descending order, equal ones by place.
 *
 * A heap holds the best so far with the worst of them on top; then it is sorted in place.
 */
export function fillLargest(chosen: Uint32Array, keys: Float64Array): void {
  const size = chosen.length;
  const worse = (a: number, b: number) => keys[a] < keys[b] || (keys[a] === keys[b] && a > b);

  function sink(item: number, end: number): void {
    let hole = 0;
    for (let child = 1; child < end; child = 2 * hole + 1) {
      if (child + 1 < end && worse(chosen[child + 1], chosen[child])) child++;
      if (!worse(chosen[child], item)) break;
      chosen[hole] = chosen[child];
      hole = child;
    }
    chosen[hole] = item;
  }
  function rise(item: number, from: number): void {
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!worse(item, chosen[parent])) break;
      chosen[hole] = chosen[parent];
      hole = parent;
    }
    chosen[hole] = item;
  }
  if (size === 0) return;
  for (let i = 0; i < size; i++) rise(i, i);
  for (let i = size; i < keys.length; i++) if (worse(chosen[0], i)) sink(i, size);
  for (let end = size - 1; end > 0; end--) {
    const worst = chosen[0];
    sink(chosen[end], end);
    chosen[end] = worst;
  }
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
