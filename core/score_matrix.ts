/**
 * Scores of one method as a matrix: how well the genes of each stage are known after each stage.
 *
 * @module
 */

import type { Evaluator } from "./evaluator.ts";
import type { Score } from "./events.ts";
import { mean } from "./spread.ts";

/** Scores by the stage whose genes are asked about and the stage after which that was done. */
export interface ScoreMatrix {
  readonly better: Evaluator["better"];
  /** The stages whose genes are asked about, ascending: they name both rows and columns. */
  readonly stages: readonly number[];
  /** `values[i][j]`: score of the genes of `stages[j]` after `stages[i]`; NaN where there is none. */
  readonly values: readonly (readonly number[])[];
}

/** Which scores a matrix holds. */
export interface Selection {
  readonly method: string;
  readonly seed: number;
  readonly evaluator: string;
  /** One trial; the mean of all trials unless given. */
  readonly trial?: number;
}

/**
 * Arranges the scores of a selection, in whatever order they come. Scores after stages that brought
 * no gene set are left out.
 *
 * @throws RangeError when a trial scored the same genes twice after the same stage.
 */
export function scoreMatrix(
  scores: Iterable<Score>,
  selection: Selection,
  better: Evaluator["better"],
): ScoreMatrix {
  const chosen = [...scores].filter((score) => isSelected(score, selection));
  const stages = [...new Set(chosen.map((score) => score.own))].sort((a, b) => a - b);
  const trials = new Map<string, Map<number, number>>();
  for (const { own, after, trial, value } of chosen) {
    const at = place(after, own), values = trials.get(at) ?? new Map<number, number>();
    if (values.has(trial)) {
      throw new RangeError(
        `Cannot arrange scores: trial ${trial} scored the genes of stage ${own} twice after ${after}`,
      );
    }
    trials.set(at, values.set(trial, value));
  }
  const values = stages.map((after) =>
    stages.map((own) => meanInOrder(trials.get(place(after, own)) ?? new Map()))
  );
  return { better, stages, values };
}

const place = (after: number, own: number) => `${after} ${own}`;

function isSelected(score: Score, { method, seed, evaluator, trial }: Selection): boolean {
  return score.method === method && score.seed === seed && score.evaluator === evaluator &&
    (trial === undefined || score.trial === trial);
}

/** The mean, summed in the order of the trials, so that the last bit does not depend on arrival. */
function meanInOrder(trials: ReadonlyMap<number, number>): number {
  return mean([...trials].sort(([a], [b]) => a - b).map(([, value]) => value));
}
