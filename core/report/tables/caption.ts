/**
 * What a reader must know to read the table.
 *
 * @module
 */

import { lastStage, type Results, rowsOf } from "../results.ts";
import { capital } from "../wrap.ts";

/** Sentences about what the numbers are, what is better, and which of them are missing. */
export function captionOf(results: Results): string[] {
  const { seeds, stages } = results.run;
  const trials = results.scores.some(({ trial }) => trial > 0);
  return [
    seeds.length > 1
      ? `Mean ± standard deviation over ${seeds.length} seeds` +
        `${trials ? "; the trials of a seed are averaged first" : ""}.`
      : `One seed${trials ? ", its trials averaged" : ""}.`,
    `Learned: after the stage in which the genes arrived; at end: after stage ${
      lastStage(results)
    }, "${stages.at(-1)?.name ?? ""}"; Δ: the difference${
      seeds.length > 1 ? ", seed by seed" : ""
    }.`,
    ...directions(results),
    ...onlyEnds(results),
    ...gaps(results),
  ];
}

function directions({ run: { evaluators } }: Results): string[] {
  const both = (["lower", "higher"] as const).flatMap((better) => {
    const names = evaluators.filter((evaluator) => evaluator.better === better)
      .map(({ name }) => name);
    return names.length === 0 ? [] : [`${better} is better for ${names.join(", ")}`];
  });
  return both.length === 0 ? [] : [`${capital(both.join("; "))}.`];
}

/** Methods without a score before the end, as one that trains on all stages at once. */
function onlyEnds(results: Results): string[] {
  const rows = rowsOf(results);
  const methods = results.run.methods.filter((method) => {
    const measures = rows.filter((row) => row.method === method).flatMap((row) => row.measures);
    return measures.some(({ end }) => end) && measures.every(({ change }) => !change);
  });
  if (lastStage(results) < 2 || methods.length === 0) return [];
  return [`${capital(methods.join(", "))}: judged at the end only.`];
}

/** Methods that have no score, or none yet, for some of the seeds. */
function gaps(results: Results): string[] {
  const rows = rowsOf(results);
  return results.run.methods.flatMap((method) => {
    const spreads = rows.filter((row) => row.method === method)
      .flatMap(({ measures }) => measures.flatMap(({ learned, end }) => [learned, end]))
      .filter((spread) => spread !== undefined);
    const fewest = Math.min(...spreads.map(({ n }) => n));
    if (spreads.length === 0) return [`No score of ${method}.`];
    return fewest < results.run.seeds.length
      ? [`Some scores of ${method} are of ${fewest} of the ${results.run.seeds.length} seeds.`]
      : [];
  });
}
