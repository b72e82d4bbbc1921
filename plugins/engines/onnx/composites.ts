/**
 * The composites that this engine takes over: the same numbers up to rounding, sooner.
 *
 * @module
 */

import type { Kernels } from "../../../streams/trace/traced.ts";
import { type AttentionBudget, attentionKernels } from "./attention.ts";

/** Groups that the cache holds; weights of about 500 positions, 8 heads and 10 cells. */
const BUDGET: AttentionBudget = { group: 2 ** 23, kept: 3 * 2 ** 25 };

/** Kernels by the names of composites and of their gradients. */
export const compositeKernels = (budget: AttentionBudget = BUDGET): Kernels => ({
  ...attentionKernels(budget),
});
