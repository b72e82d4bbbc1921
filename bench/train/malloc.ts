/**
 * Which setting of the C library's allocator suits PyTorch.
 *
 * glibc returns large blocks to the system when they are freed, so that every step faults its tensors
 * in again: on some virtual machines that takes longer than the arithmetic.
 *
 * @module
 */

import process from "node:process";
import type { Job } from "./job.ts";
import { measure, type Pace } from "./measure.ts";
import { entrantOf, type Program, type Surroundings } from "./programs.ts";
import { short } from "./table.ts";

/** Freed memory stays with the process. */
const KEEPING = {
  MALLOC_MMAP_MAX_: "0",
  MALLOC_TRIM_THRESHOLD_: `${2 ** 34}`,
  MALLOC_TOP_PAD_: `${2 ** 29}`,
};

/** The faster setting for a job, and what was found, in words. */
export interface Choice {
  readonly environment: Readonly<Record<string, string>>;
  readonly words: string;
}

/** Measures both settings in turns on a few steps. */
export async function chooseMalloc(
  program: Program,
  job: Job,
  { surroundings, pace }: { readonly surroundings: Surroundings; readonly pace: Pace },
): Promise<Choice> {
  const asItIs = { environment: {}, words: "" };
  if (process.platform !== "linux" || surroundings.python === undefined) return asItIs;
  const entrants = [{}, KEEPING].map((environment) =>
    entrantOf(program, { work: "train", job }, { ...surroundings, environment })
  );
  const outcomes = await measure(entrants, { ...pace, rounds: 2 });
  const [usual, keeping] = outcomes.map((outcome) =>
    "absent" in outcome ? Infinity : Math.min(...outcome.times)
  );
  if (!Number.isFinite(usual + keeping)) return asItIs;
  const better = keeping < usual ? "keeping freed memory" : "the usual allocator";
  return {
    environment: keeping < usual ? KEEPING : {},
    words: `${job.size.name}: PyTorch runs with ${better} (${short(usual)} ms as usual, ` +
      `${short(keeping)} ms keeping)`,
  };
}
