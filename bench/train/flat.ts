/**
 * Whether the memory of a training stays what it is.
 *
 * @module
 */

import { join } from "node:path";
import { writeJob } from "./job.ts";
import { median } from "./measure.ts";
import { startPeer } from "./peer.ts";
import { entrantOf, type Program, type Surroundings } from "./programs.ts";
import { sizes } from "./sizes.ts";
import { megabytes, short, tableLines } from "./table.ts";

/** Blocks of steps after which memory is looked at. */
const BLOCKS = 10;

/** A program after some of its steps. */
export interface Moment {
  readonly program: string;
  readonly steps: number;
  /** Bytes in memory. */
  readonly resident: number;
  /** Median of a step since the last moment. */
  readonly milliseconds: number;
}

/** Looks at the memory of a program ten times during its training of the demo's model. */
export async function watchMemory(
  program: Program,
  steps: number,
  { surroundings, folder }: { readonly surroundings: Surroundings; readonly folder: string },
): Promise<Moment[]> {
  const job = await writeJob(sizes.demo, join(folder, "demo"));
  const { start } = entrantOf(program, { work: "train", job }, surroundings);
  if (typeof start === "string") throw new Error(`Cannot measure "${program.name}": ${start}`);
  const peer = await startPeer(start), block = Math.ceil(steps / BLOCKS);
  const moments: Moment[] = [];
  try {
    for (let done = block; done <= block * BLOCKS; done += block) {
      const { milliseconds, resident } = await peer.make(block);
      const time = median(milliseconds);
      moments.push({ program: program.name, steps: done, resident, milliseconds: time });
    }
  } finally {
    await peer.close();
  }
  return moments;
}

/** A table of moments. */
export const momentLines = (moments: readonly Moment[]): string[] =>
  tableLines(
    ["program", "steps", "MB in memory", "ms a step"],
    moments.map(({ program, steps, resident, milliseconds }) => [
      program,
      steps.toLocaleString("en"),
      megabytes(resident),
      short(milliseconds),
    ]),
  );
