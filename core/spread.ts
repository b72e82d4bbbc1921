/**
 * Means, and how far they can be trusted.
 *
 * @example The mean of three seeds
 * ```ts
 * import { interval, spread } from "gil";
 *
 * const rise = spread([0.21, 0.26, 0.25]);
 * console.assert(rise.mean === 0.24);
 * console.assert(interval(rise).from > 0);
 * ```
 *
 * @module
 */

import jStat from "jstat";

/** Mean and spread of some numbers. */
export interface Spread {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation, divisor n - 1; NaN for a single number. */
  readonly sd: number;
}

/** A range that covers the true mean in 95 of 100 such experiments. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** How two lists of numbers differ, pair by pair. */
export interface PairedDifference {
  /** Of the differences, first minus second. */
  readonly difference: Spread;
  readonly interval: Interval;
  /** Student's t: mean over standard error; NaN when both of each pair are equal. */
  readonly t: number;
  /** Degrees of freedom. */
  readonly freedom: number;
  /** Two-sided probability of such a t, or one further from zero, were there no difference. */
  readonly p: number;
}

/** The arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Mean and sample standard deviation. */
export function spread(values: readonly number[]): Spread {
  const n = values.length, centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return { n, mean: centre, sd: n > 1 ? Math.sqrt(squares / (n - 1)) : NaN };
}

/** Student's 95 % interval of the mean; NaN for a single number. */
export function interval({ n, mean, sd }: Spread): Interval {
  const half = n > 1 ? student.inv(0.975, n - 1) * sd / Math.sqrt(n) : NaN;
  return { from: mean - half, to: mean + half };
}

/**
 * Student's paired comparison ("The probable error of a mean", 1908): for two methods with the same
 * seeds, whose chance parts cancel.
 */
export function pairedDifference(a: readonly number[], b: readonly number[]): PairedDifference {
  if (a.length !== b.length) {
    throw new RangeError(`Cannot pair ${a.length} numbers with ${b.length}: give as many of each`);
  }
  const difference = spread(a.map((value, i) => value - b[i]));
  const { n, mean, sd } = difference, freedom = n - 1;
  const t = mean / (sd / Math.sqrt(n));
  const p = Math.abs(t) === Infinity ? 0 : 2 * student.cdf(-Math.abs(t), freedom);
  return { difference, interval: interval(difference), t, freedom, p };
}

/** Student's t distribution, of a library without types. */
const student: {
  cdf(t: number, freedom: number): number;
  inv(p: number, freedom: number): number;
} = jStat.studentt;
