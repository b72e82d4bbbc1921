/**
 * What is run, so that a table is never without its circumstances.
 *
 * @module
 */

import { durationInWords } from "./progress.ts";
import { printable } from "./printable.ts";
import type { Results, Started } from "./results.ts";
import { wrap } from "./wrap.ts";

/** Methods, seeds, data, engine and cost of a run that is about to start, as lines of text. */
export function planInWords(run: Started, columns: number): string[] {
  // Reading, drawing genes and what evaluators do with answers were not measured.
  const time = run.estimate === undefined
    ? ""
    : `, about ${durationInWords(run.estimate)} of training and predicting alone`;
  const cost = `${work(run)}${time}.`;
  return [...subject(run), cost, ...noted(run)].flatMap((sentence) => wrap(sentence, 2, columns))
    .map(printable);
}

/** Methods, seeds, data and engine of a run, how long it took and how fast that is, as sentences. */
export function runInWords({ run, seconds, finished }: Results): string[] {
  const time = seconds === undefined ? "" : ` in ${durationInWords(seconds)}`;
  const rate = seconds ? `: ${rateOf(run.steps, seconds)} steps a second` : "";
  const end = finished ? time + rate : ", not finished";
  return [...subject(run), `${work(run)}${end}.`, ...noted(run)];
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

const noted = ({ notes = [] }: Started): string[] => notes.map((note) => `${note}.`);

const counted = (n: number, noun: string): string =>
  `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

const rateOf = (steps: number, seconds: number): string =>
  (steps / seconds).toLocaleString("en", { maximumSignificantDigits: 3 });
