/**
 * How the cost of a step grows with the batch, the length of a row, layers, vocabulary and threads.
 *
 * @module
 */

import { join } from "node:path";
import { writeJob } from "./job.ts";
import { measure, median, type Outcome, type Pace } from "./measure.ts";
import { entrantOf, programOf, type Surroundings } from "./programs.ts";
import { seedling, type Size } from "./sizes.ts";
import { megabytes, short, tableLines } from "./table.ts";

/** One size or number of threads that differs from the seedling in one thing. */
interface Point {
  readonly axis: string;
  readonly value: number;
  readonly size: Size;
  readonly threads: number;
}

/** What was measured at a point, program by program. */
export interface Grown {
  readonly axis: string;
  readonly value: number;
  /** Of programs that are named without. */
  readonly threads: number;
  /** Of a step. */
  readonly cells: number;
  readonly programs: readonly { readonly name: string; readonly outcome: Outcome }[];
}

const axes = {
  cells: [1, 2, 4, 8, 16, 32, 64, 128],
  length: [32, 64, 128, 256, 512, 1024],
  layers: [1, 2, 4, 8, 16],
  genes: [1_000, 5_000, 20_000, 60_000],
  filled: [0.25, 0.5, 0.85, 1],
} as const satisfies Partial<Record<keyof Size, readonly number[]>>;

/** Along what cost can grow. */
export const growthAxes: readonly string[] = [...Object.keys(axes), "threads"];

function points(cores: number): Point[] {
  const doublings = Array.from({ length: Math.ceil(Math.log2(cores)) }, (_, i) => 2 ** i);
  const along = (axis: string, values: readonly number[]) =>
    values.map((value) => ({ axis, value, size: { ...seedling, [axis]: value }, threads: cores }));
  const threads = [...doublings, cores].map((value) => (
    { axis: "threads", value, size: seedling, threads: value }
  ));
  return [...Object.entries(axes).flatMap(([axis, values]) => along(axis, values)), ...threads];
}

/** Measures programs at every point of some axes; those named without threads have the point's. */
export async function grow(
  names: readonly string[],
  { axes, surroundings, pace, folder, cores, tell }: {
    readonly axes: readonly string[];
    readonly surroundings: Surroundings;
    readonly pace: Pace;
    readonly folder: string;
    readonly cores: number;
    readonly tell: (line: string) => void;
  },
): Promise<Grown[]> {
  const grown: Grown[] = [];
  for (const { axis, value, size, threads } of points(cores)) {
    if (!axes.includes(axis)) continue;
    tell(`${axis} ${value}`);
    const job = await writeJob(size, join(folder, `${axis}-${value}`));
    const entrants = names.map((name) =>
      entrantOf(programOf(name, threads), { work: "train", job }, surroundings)
    );
    const outcomes = await measure(entrants, pace);
    const programs = names.map((name, i) => ({ name, outcome: outcomes[i] }));
    grown.push({ axis, value, threads, cells: size.cells, programs });
    await Deno.remove(job.folder, { recursive: true });
  }
  return grown;
}

/** A table of growth: milliseconds of a step, cells a second and memory of each program. */
export function growthLines(grown: readonly Grown[]): string[] {
  const names = grown[0].programs.map(({ name }) => name);
  const each = (name: string) => [`${name}: ms a step`, "cells/s", "peak MB"];
  const head = ["", "", "threads", ...names.flatMap(each)];
  return tableLines(
    head,
    grown.map(({ axis, value, threads, cells, programs }) => [
      axis,
      value.toLocaleString("en"),
      `${threads}`,
      ...programs.flatMap(({ outcome }) =>
        "absent" in outcome ? [outcome.absent, "", ""] : [
          short(median(outcome.times)),
          short(1000 * cells / median(outcome.times)),
          megabytes(outcome.peak),
        ]
      ),
    ]),
  );
}
