/**
 * First values of weights.
 *
 * @module
 */

import type { WeightSpec } from "./program.ts";

/** Writes the first values of one weight. */
export type Fill = WeightSpec["fill"];

/** All elements the same. */
export const constantFill = (value: number): Fill => (out) => void out.fill(value);

/** Each element uniform in [-bound, bound). */
export const uniformFill = (bound: number): Fill => (out, random) => {
  for (let i = 0; i < out.length; i++) out[i] = (2 * random.uniform() - 1) * bound;
};

/** Keeps the variance from layer to layer (Glorot and Bengio 2010, equation 16). */
export const xavierFill = (inputs: number, outputs: number): Fill =>
  uniformFill(Math.sqrt(6 / (inputs + outputs)));

/**
 * The matrix and bias of a linear layer as PyTorch begins them: both uniform within
 * 1 / √inputs, which for the matrix is Kaiming's rule with a = √5.
 */
export function linearWeights(name: string, inputs: number, outputs: number): WeightSpec[] {
  const fill = uniformFill(1 / Math.sqrt(inputs));
  return matrixAndBias(name, [inputs, outputs], { weight: fill, bias: fill });
}

/** The matrix and bias of a linear layer: Xavier's rule and zeros. */
export function xavierLinearWeights(name: string, inputs: number, outputs: number): WeightSpec[] {
  const fills = { weight: xavierFill(inputs, outputs), bias: constantFill(0) };
  return matrixAndBias(name, [inputs, outputs], fills);
}

/** The scale and shift of a norm: ones and zeros. */
export function normWeights(name: string, width: number): WeightSpec[] {
  return [
    { name: `${name}.weight`, shape: [width], fill: constantFill(1) },
    { name: `${name}.bias`, shape: [width], fill: constantFill(0) },
  ];
}

/** `name.weight`, inputs × outputs, and `name.bias`. */
export function matrixAndBias(
  name: string,
  shape: readonly [inputs: number, outputs: number],
  fills: { readonly weight: Fill; readonly bias: Fill },
): WeightSpec[] {
  return [
    { name: `${name}.weight`, shape, fill: fills.weight },
    { name: `${name}.bias`, shape: [shape[1]], fill: fills.bias },
  ];
}
