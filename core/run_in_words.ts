/**
 * What was run, so that a table is never without its circumstances.
 *
 * @module
 */

import { durationInWords } from "./progress.ts";
import type { Results } from "./results.ts";

/** Which methods, seeds, data and engine, and how long it took. */
export function runInWords({ run, seconds }: Results): string[] {
  const { experiment, methods, seeds, stages, steps, engine } = run;
  const parts = stages.map(({ name, genes, cells }) =>
    `${name} ${counted(genes, "gene")} and ${counted(cells, "cell")}`
  );
  return [
    `Run "${experiment}": ${methods.join(", ")}; ${seeds.length === 1 ? "seed" : "seeds"} ` +
    `${seeds.join(", ")}.`,
    `${counted(run.cells, "cell")}, ${counted(run.genes, "gene")}; stages: ${parts.join("; ")}.`,
    `${counted(steps, "step")} on ${engine}` +
    `${seconds === undefined ? ", not finished" : ` in ${durationInWords(seconds)}`}.`,
  ];
}

const counted = (n: number, noun: string): string =>
  `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
