/**
 * How long a run takes to begin, and what it takes to compile a step.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { RunEvent } from "../../core/events.ts";
import { writeJob } from "./job.ts";
import { measure, median, type Pace } from "./measure.ts";
import { entrantOf, type Program, type Surroundings } from "./programs.ts";
import { type Size, sizes } from "./sizes.ts";
import { spread } from "./table.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What starting costs. Times are in milliseconds, round by round. */
export interface Starting {
  /** From the start of the demo's process to the end of its first optimiser step. */
  readonly first: readonly number[];
  /** Tracing and compiling a step, by the name of the size. */
  readonly compile: Readonly<Record<string, readonly number[]>>;
}

/** Measures how the demo begins, and how long a program takes to compile steps. */
export async function measureStart(
  program: Program,
  { surroundings, pace, folder }: {
    readonly surroundings: Surroundings;
    readonly pace: Pace;
    readonly folder: string;
  },
): Promise<Starting> {
  async function compiling(size: Size): Promise<readonly number[]> {
    const job = await writeJob(size, join(folder, size.name));
    const entrant = entrantOf(program, { work: "compile", job }, surroundings);
    const [outcome] = await measure([entrant], { ...pace, seconds: 0 });
    if (!("absent" in outcome)) return outcome.times;
    throw new Error(`Cannot measure "${program.name}": ${outcome.absent}`);
  }
  // The first run writes the demo's atlas where it is not in the cache.
  await firstStep();
  const first: number[] = [], compile: Record<string, readonly number[]> = {};
  for (let round = 0; round < pace.rounds; round++) first.push(await firstStep());
  for (const size of [sizes.demo, sizes.spike, sizes.paper]) {
    compile[size.name] = await compiling(size);
  }
  return { first, compile };
}

/** What starting costs, in words. */
export function startLines({ first, compile }: Starting): string[] {
  const range = (all: readonly number[]) =>
    spread([median(all), Math.min(...all), Math.max(...all)]);
  return [
    `demo, from the start of the process to the end of the first step: ${range(first)} ms`,
    ...Object.entries(compile).map(([size, times]) =>
      `${size}, tracing and compiling a step: ${range(times)} ms`
    ),
  ];
}

/** Milliseconds from the start of the demo, with one seed, to the end of its first optimiser step. */
function firstStep(): Promise<number> {
  const begun = performance.now();
  const experiment = join(root, "experiments", "demo.jsonc");
  const words = ["run", "-A", join(root, "cli.ts"), "run", experiment, "--seeds", "1", "--json"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "ignore"] });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => reject(new Error("the demo ended before it had made a step")));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event: RunEvent = JSON.parse(line);
      if (event.type !== "step") return;
      resolve(performance.now() - begun);
      child.kill("SIGKILL");
    });
  });
}
