/**
 * Training steps of our engines beside PyTorch's, size by size.
 *
 * @module
 */

import { join } from "node:path";
import { writeJob } from "./job.ts";
import { chooseMalloc } from "./malloc.ts";
import { measure, type Pace } from "./measure.ts";
import { measureProducts } from "./products.ts";
import { entrantOf, type Program, type Surroundings } from "./programs.ts";
import { type ProductRate, type Row, rowsOf } from "./rows.ts";
import type { Size } from "./sizes.ts";

/** What is compared, and how. */
export interface Comparison {
  readonly sizes: readonly Size[];
  readonly programs: readonly Program[];
  readonly surroundings: Surroundings;
  readonly pace: Pace;
  /** Folder for weights and batches. */
  readonly folder: string;
  /** Told what is going on. */
  readonly tell: (line: string) => void;
}

/** All that came out. */
export interface Compared {
  readonly products: readonly ProductRate[];
  readonly rows: readonly Row[];
  /** How PyTorch's memory was set, size by size. */
  readonly settings: readonly string[];
}

/** Measures every program on every size. */
export async function compare(comparison: Comparison): Promise<Compared> {
  const { sizes, programs, surroundings, pace, folder, tell } = comparison;
  const rows: Row[] = [], settings: string[] = [];
  let products: readonly ProductRate[] | undefined;
  const torch = programs.findLast(({ torch, precision }) =>
    torch === "sdpa" && precision === "fp32"
  );

  for (const size of sizes) {
    const job = await writeJob(size, join(folder, size.name));
    if (!products) {
      tell("products of large matrices");
      products = await measureProducts(programs, job, { surroundings, pace });
    }
    tell(size.name);
    const choice = torch && await chooseMalloc(torch, job, { surroundings, pace });
    if (choice?.words) settings.push(choice.words);
    const environment = choice?.environment ?? {};
    const entrants = programs.map((program) =>
      entrantOf(program, { work: "train", job }, { ...surroundings, environment })
    );
    rows.push(...rowsOf(size, { programs, outcomes: await measure(entrants, pace), products }));
    await Deno.remove(job.folder, { recursive: true });
  }
  return { products: products ?? [], rows, settings };
}
