/**
 * Gradients against finite differences.
 *
 * @module
 */

import { ok } from "node:assert/strict";

/** The values of a function around a point, in one direction. */
export interface Around {
  /** How far the neighbours are. */
  readonly step: number;
  readonly below: number;
  readonly here: number;
  readonly above: number;
}

/**
 * Throws unless `slope` is the slope of the function, up to a fiftieth of `size` and of 1. Where a
 * kink lies between the neighbours, their slopes differ; then any slope up to that far is as good.
 *
 * @param what Names the slope in the message.
 * @param size Size of the terms that `slope` is a sum of.
 */
export function assertSlope(
  what: string,
  { slope, size }: { readonly slope: number; readonly size: number },
  { step, below, here, above }: Around,
): void {
  const difference = (above - below) / (2 * step);
  const kink = Math.abs(above - 2 * here + below) / step;
  ok(
    Math.abs(slope - difference) <= 0.02 * (1 + size) + kink,
    `${what}: the gradient is ${slope}, finite differences say ${difference} (± ${kink})`,
  );
}
