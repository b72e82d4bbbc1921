/**
 * What a run found out: its events, folded into the rows of a table.
 *
 * @module
 */

import type { RunEvent, Score } from "../events.ts";
import { mean, type Spread, spread } from "../spread.ts";

/** What a run said when it started. */
export type Started = Extract<RunEvent, { type: "started" }>;

/** A run as far as it got. */
export interface Results {
  readonly run: Started;
  /** In the order in which they came; of the same question asked twice, the last answer. */
  readonly scores: readonly Score[];
  readonly finished: boolean;
  /** Seconds from start to end, where they were noted. */
  readonly seconds: number | undefined;
}

/** Folds the events of a run; undefined when it never started. */
export function resultsOf(events: Iterable<RunEvent>): Results | undefined {
  let run: Started | undefined, seconds: number | undefined, finished = false;
  const scores = new Map<string, Score>();
  for (const event of events) {
    if (event.type === "started") [run, seconds, finished] = [event, undefined, false];
    if (event.type === "finished") [seconds, finished] = [event.seconds, true];
    if (event.type !== "score") continue;
    const { method, seed, trial, evaluator, own, after } = event.score;
    scores.set(JSON.stringify([method, seed, trial, evaluator, own, after]), event.score);
  }
  return run && { run, scores: [...scores.values()], seconds, finished };
}

/** Which scores: those of a method and an evaluator about the genes of some stages. */
export interface Subject {
  readonly method: string;
  readonly evaluator: string;
  /** Stages whose genes are asked about; of several, the mean is taken. */
  readonly owns: readonly number[];
}

/** A number for each seed that has one. */
export type BySeed = ReadonlyMap<number, number>;

/** The last stage of a run. */
export const lastStage = ({ run }: Results): number => run.stages.length - 1;

/** Scores after the stage in which the genes arrived, the trials of a seed averaged. */
export const learnedBySeed = (results: Results, subject: Subject): BySeed =>
  averaged(subject.owns, (own) => trialMeans(results, subject, { own, after: own }));

/** Scores after the last stage, the trials of a seed averaged. */
export const endBySeed = (results: Results, subject: Subject): BySeed =>
  averaged(subject.owns, (own) => trialMeans(results, subject, { own, after: lastStage(results) }));

/** The second minus the first: the paper's Δ, with several stages that of its Table 2. */
export const changeBySeed = (results: Results, subject: Subject): BySeed =>
  minus(endBySeed(results, subject), learnedBySeed(results, subject));

/** `a - b` for each seed that both have. */
export const minus = (a: BySeed, b: BySeed): BySeed =>
  new Map([...a].filter(([seed]) => b.has(seed)).map(([seed, v]) => [seed, v - b.get(seed)!]));

/** Stages with genes of their own that a method was asked about, in order. */
export function askedAbout({ run, scores }: Results, method: string): number[] {
  return run.stages.map((_, own) => own).filter((own) =>
    scores.some((score) => score.method === method && score.own === own)
  );
}

/** What an evaluator says about a row; undefined where nothing was measured. */
export interface Measure {
  /** Score after the stage in which the genes arrived. */
  readonly learned: Spread | undefined;
  /** Score after the last stage. */
  readonly end: Spread | undefined;
  /** The second minus the first, seed by seed; undefined for genes of the last stage. */
  readonly change: Spread | undefined;
}

/** A row of the table: a method and the genes of a stage. */
export interface Row {
  readonly method: string;
  readonly set: string;
  /** One an evaluator, in the order of the run. */
  readonly measures: readonly Measure[];
}

/**
 * Method by method, a row for each gene set that was asked about; where several of them came before
 * the last stage, also a row "average" over these.
 *
 * Spread is over seeds: the trials of a seed are averaged first, and changes are taken seed by seed.
 */
export function rowsOf(results: Results): Row[] {
  const { stages, methods, evaluators } = results.run;
  const last = lastStage(results);
  return methods.flatMap((method) => {
    const asked = askedAbout(results, method);
    const rows = asked.map((own) => ({ set: stages[own].name, owns: [own] }));
    const earlier = asked.filter((own) => own > 0 && own < last);
    if (earlier.length > 1) rows.push({ set: "average", owns: earlier });
    return rows.map(({ set, owns }) => ({
      method,
      set,
      measures: evaluators.map(({ name }): Measure => {
        const subject = { method, evaluator: name, owns };
        return {
          learned: spreadOver(learnedBySeed(results, subject)),
          end: spreadOver(endBySeed(results, subject)),
          change: owns.includes(last) ? undefined : spreadOver(changeBySeed(results, subject)),
        };
      }),
    }));
  });
}

const spreadOver = (values: BySeed): Spread | undefined =>
  values.size === 0 ? undefined : spread([...values.values()]);

/** The mean over stages, for the seeds that every stage has. */
function averaged(owns: readonly number[], of: (own: number) => BySeed): BySeed {
  const sets = owns.map(of);
  const seeds = [...sets[0]?.keys() ?? []].filter((seed) => sets.every((set) => set.has(seed)));
  return new Map(seeds.map((seed) => [seed, mean(sets.map((set) => set.get(seed)!))]));
}

/** The mean over trials of the scores of one stage's genes after a stage; NaN is no score. */
function trialMeans(
  results: Results,
  { method, evaluator }: Subject,
  { own, after }: Pick<Score, "own" | "after">,
): BySeed {
  const trials = new Map<number, number[]>();
  for (const score of results.scores) {
    if (
      score.method === method && score.evaluator === evaluator && score.own === own &&
      score.after === after && !Number.isNaN(score.value)
    ) trials.set(score.seed, [...trials.get(score.seed) ?? [], score.value]);
  }
  return new Map([...trials].map(([seed, values]) => [seed, mean(values)]));
}
