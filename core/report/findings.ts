/**
 * What can be said about forgetting in a run: differences over seeds, each with its verdict.
 *
 * @module
 */

import {
  askedAbout,
  type BySeed,
  changeBySeed,
  endBySeed,
  lastStage,
  learnedBySeed,
  minus,
  type Results,
} from "./results.ts";
import { type Interval, interval, mean, spread } from "../spread.ts";

/** A difference that was measured once with every seed. */
export interface Difference {
  readonly seeds: number;
  readonly mean: number;
  /** Student's 95 % interval of the mean; NaN with a single seed. */
  readonly interval: Interval;
  /** Seeds in which the difference has the sign of its mean. */
  readonly agree: number;
  /** "more" or "less" when the interval leaves zero out; all else is "unclear". */
  readonly verdict: "more" | "less" | "unclear";
}

/** How a method compares with the reference, with the seeds that both have. */
export interface Comparison {
  readonly method: string;
  /** By how much less it forgot. */
  readonly spared: Difference;
  /** The same as a share of what the reference forgot. */
  readonly share: number;
  /** By how much worse it is on the genes of the last stage; undefined where nobody asked. */
  readonly price: Difference | undefined;
}

/** What one evaluator found. */
export interface Findings {
  readonly evaluator: Results["run"]["evaluators"][number];
  /** The method that the others are compared with: "baseline", or else the first that could forget. */
  readonly reference: string;
  /** Names of the gene sets that came before the last stage: those that could be forgotten. */
  readonly sets: readonly string[];
  /** The reference's scores on them when learned and at the end, means over sets and seeds. */
  readonly learned: number;
  readonly end: number;
  /** By how much the score got worse: positive whichever direction is better. */
  readonly forgotten: Difference;
  readonly others: readonly Comparison[];
}

/** What each evaluator found; nothing where no method was judged both early and late. */
export function findingsOf(results: Results): Findings[] {
  return results.run.evaluators.flatMap((evaluator) => findings(results, evaluator) ?? []);
}

function findings(results: Results, evaluator: Findings["evaluator"]): Findings | undefined {
  const { methods, stages } = results.run, last = lastStage(results);
  const question = (method: string) => ({
    method,
    evaluator: evaluator.name,
    owns: askedAbout(results, method).filter((own) => own > 0 && own < last),
  });
  const worse = evaluator.better === "lower" ? 1 : -1;
  const forgotten = (method: string) => scaled(changeBySeed(results, question(method)), worse);

  const able = methods.filter((method) => forgotten(method).size > 0);
  if (able.length === 0) return undefined;
  const reference = able.includes("baseline") ? "baseline" : able[0];
  const asked = question(reference), lost = forgotten(reference);
  const average = (scores: BySeed) => mean([...lost.keys()].map((seed) => scores.get(seed)!));

  const newest = (method: string) =>
    scaled(endBySeed(results, { method, evaluator: evaluator.name, owns: [last] }), worse);
  const others = able.filter((method) => method !== reference).flatMap((method) => {
    const spared = minus(lost, forgotten(method)), price = minus(newest(method), newest(reference));
    if (spared.size === 0) return [];
    const common = mean([...spared.keys()].map((seed) => lost.get(seed)!));
    return [{
      method,
      spared: difference(spared),
      share: mean([...spared.values()]) / common,
      price: price.size === 0 ? undefined : difference(price),
    }];
  });
  return {
    evaluator,
    reference,
    sets: asked.owns.map((own) => stages[own].name),
    learned: average(learnedBySeed(results, asked)),
    end: average(endBySeed(results, asked)),
    forgotten: difference(lost),
    others,
  };
}

function difference(bySeed: BySeed): Difference {
  const values = [...bySeed.values()], { mean } = spread(values);
  const range = interval(spread(values));
  return {
    seeds: values.length,
    mean,
    interval: range,
    agree: values.filter((value) => Math.sign(value) === Math.sign(mean)).length,
    verdict: range.from > 0 ? "more" : range.to < 0 ? "less" : "unclear",
  };
}

const scaled = (values: BySeed, factor: number): BySeed =>
  new Map([...values].map(([seed, value]) => [seed, factor * value]));
