/**
 * What is run, so that a table is never without its circumstances.
 *
 * @module
 */

import { durationInWords } from "./progress.ts";
import type { Results, Started } from "./results.ts";

/** Methods, seeds, data and engine of a run that has not started yet. */
export const planInWords = (run: Started): string[] => [...subject(run), `${work(run)}.`];

/** Methods, seeds, data and engine of a run, and how long it took. */
export function runInWords({ run, seconds }: Results): string[] {
  const time = seconds === undefined ? ", not finished" : ` in ${durationInWords(seconds)}`;
  return [...subject(run), `${work(run)}${time}.`];
}

function subject({ experiment, methods, seeds, cells, genes, stages }: Started): string[] {
  const parts = stages.map((stage) =>
    `${stage.name} ${counted(stage.genes, "gene")} and ${counted(stage.cells, "cell")}`
  );
  return [
    `Run "${experiment}": ${methods.join(", ")}; ${seeds.length === 1 ? "seed" : "seeds"} ` +
    `${seeds.join(", ")}.`,
    `${counted(cells, "cell")}, ${counted(genes, "gene")}; stages: ${parts.join("; ")}.`,
  ];
}

const work = ({ steps, engine }: Started): string => `${counted(steps, "step")} on ${engine}`;

const counted = (n: number, noun: string): string =>
  `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
