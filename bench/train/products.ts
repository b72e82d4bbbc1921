/**
 * How fast each program multiplies large matrices: the rate that shares are taken of.
 *
 * @module
 */

import type { Job } from "./job.ts";
import { measure, type Pace } from "./measure.ts";
import { entrantOf, type Program, type Surroundings } from "./programs.ts";
import { type ProductRate, productRate } from "./rows.ts";

/** Whose products a program uses: all ways to write PyTorch's encoder call the same. */
const multiplier = ({ name, torch, precision }: Program): string =>
  `${torch ? "torch" : name.split(":")[0]} ${precision}`;

/** The rate of each engine and of PyTorch in each precision asked for, on the most threads. */
export async function measureProducts(
  programs: readonly Program[],
  job: Job,
  { surroundings, pace }: { readonly surroundings: Surroundings; readonly pace: Pace },
): Promise<ProductRate[]> {
  const most = new Map<string, Program>();
  for (const program of programs) {
    const known = most.get(multiplier(program));
    if (!known || known.threads < program.threads) most.set(multiplier(program), program);
  }
  const chosen = [...most.values()];
  const entrants = chosen.map((program) =>
    entrantOf(program, { work: "product", job }, surroundings)
  );
  const outcomes = await measure(entrants, pace);
  return chosen.flatMap((program, i) => productRate(program, outcomes[i]) ?? []);
}
