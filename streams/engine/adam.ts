/**
 * Adam as a loop: the reference of every engine's optimiser.
 *
 * @module
 */

import type { AdamStep, State } from "../../core/model/program.ts";

/** Keeps the quotient finite; stands outside the root, as in PyTorch. */
export const ADAM_EPSILON = 1e-8;

/**
 * Applies one step of Adam (Kingma and Ba 2015, algorithm 1) to the buffers of `state` in place
 * and sets the gradients to zero.
 *
 * θ ← θ − rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε), computed in doubles, stored in float32.
 */
export function adamInPlace(
  state: Omit<State, "layout" | "close">,
  { rate, step, beta1, beta2 }: AdamStep,
): void {
  const { weights, gradients, firstMoment, secondMoment } = state;
  const scale = rate / (1 - beta1 ** step), root = Math.sqrt(1 - beta2 ** step);
  for (let i = 0; i < weights.length; i++) {
    const gradient = gradients[i];
    const mean = beta1 * firstMoment[i] + (1 - beta1) * gradient;
    const square = beta2 * secondMoment[i] + (1 - beta2) * gradient * gradient;
    firstMoment[i] = mean;
    secondMoment[i] = square;
    weights[i] -= scale * mean / (Math.sqrt(square) / root + ADAM_EPSILON);
  }
  gradients.fill(0);
}
