/**
 * How long a run takes to begin, what it takes to compile a step, and what streaming, sampling and
 * masking cost beside the steps.
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
import type { OurRequest } from "./ours.ts";
import { entrantOf, programOf, type Surroundings } from "./programs.ts";
import { type Size, sizes } from "./sizes.ts";
import { spread } from "./table.ts";

/** Steps of a run after the first whose rate is taken. */
const STEPS = 200;
const root = fileURLToPath(new URL("../..", import.meta.url));

/** What starting costs. Times are in milliseconds, round by round. */
export interface Starting {
  /** From the start of the demo's process to the end of its first optimiser step. */
  readonly first: readonly number[];
  /** Tracing and compiling a step, by the name of the size. */
  readonly compile: Readonly<Record<string, readonly number[]>>;
  /** Cells a second in the demo's run, and in a process that makes nothing but its steps. */
  readonly cells: { readonly run: readonly number[]; readonly steps: readonly number[] };
}

/** Measures how the demo begins, how long steps take to compile and what a run adds to them. */
export async function measureStart(
  { surroundings, pace, folder }: {
    readonly surroundings: Surroundings;
    readonly pace: Pace;
    readonly folder: string;
  },
): Promise<Starting> {
  async function timesOf(work: OurRequest["work"], size: Size, pace: Pace) {
    const job = await writeJob(size, join(folder, `${work}-${size.name}`));
    const program = programOf("onnx:1", 1);
    const [outcome] = await measure([entrantOf(program, { work, job }, surroundings)], pace);
    if ("absent" in outcome) throw new Error(`Cannot measure "onnx:1": ${outcome.absent}`);
    return outcome.times;
  }
  // The first run writes the demo's atlas where it is not in the cache.
  await beginRun();
  const runs: Beginning[] = [], compile: Record<string, readonly number[]> = {};
  for (let round = 0; round < pace.rounds; round++) runs.push(await beginRun());
  for (const size of [sizes.demo, sizes.spike, sizes.paper]) {
    compile[size.name] = await timesOf("compile", size, { ...pace, seconds: 0 });
  }
  const alone = await timesOf("train", sizes.demo, pace);
  return {
    first: runs.map(({ first }) => first),
    compile,
    cells: {
      run: runs.map(({ rate }) => rate),
      steps: alone.map((time) => sizes.demo.cells / time * 1e3),
    },
  };
}

/** What starting costs, in words. */
export function startLines({ first, compile, cells }: Starting): string[] {
  const range = (all: readonly number[]) =>
    spread([median(all), Math.min(...all), Math.max(...all)]);
  const rest = Math.round(100 * (1 - median(cells.run) / median(cells.steps)));
  return [
    `demo, from the start of the process to the end of the first step: ${range(first)} ms`,
    ...Object.entries(compile).map(([size, times]) =>
      `${size}, tracing and compiling a step: ${range(times)} ms`
    ),
    `demo, cells a second in a run: ${range(cells.run)}; in its steps alone: ${
      range(cells.steps)
    }; ` +
    `so ${rest} % of a run is not in its steps`,
  ];
}

/** How a run of the demo began. */
interface Beginning {
  /** Milliseconds from the start of the process to the end of the first optimiser step. */
  readonly first: number;
  /** Cells a second in the steps after it. */
  readonly rate: number;
}

/** Starts the demo with one seed, watches its first steps and ends it. */
function beginRun(): Promise<Beginning> {
  const begun = performance.now();
  const experiment = join(root, "experiments", "demo.jsonc");
  const words = ["run", "-A", join(root, "cli.ts"), "run", experiment, "--seeds", "1", "--json"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "ignore"] });
  let first = 0, steps = 0, cells = 0;
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => reject(new Error("the demo ended before it had made its steps")));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event: RunEvent = JSON.parse(line);
      if (event.type !== "step") return;
      const now = performance.now() - begun;
      if (steps++ === 0) first = now;
      else cells += event.cells;
      if (steps <= STEPS) return;
      resolve({ first, rate: cells / (now - first) * 1e3 });
      child.kill("SIGKILL");
    });
  });
}
