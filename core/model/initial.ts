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

/** A matrix without bias as PyTorch begins it: uniform within 1 / √inputs. */
export const matrixWeights = (name: string, inputs: number, outputs: number): WeightSpec[] => [
  { name: `${name}.weight`, shape: [inputs, outputs], fill: uniformFill(1 / Math.sqrt(inputs)) },
];

/** Scale, shift and running statistics of a batch norm: ones and zeros, mean 0 and variance 1. */
export function batchNormWeights(name: string, width: number): WeightSpec[] {
  return [
    ...normWeights(name, width),
    {
      name: `${name}.running_mean`,
      shape: [width],
      fill: constantFill(0),
      learned: false,
    },
    { name: `${name}.running_var`, shape: [width], fill: constantFill(1), learned: false },
  ];
}

/**
 * The filter and bias of a convolution as PyTorch begins them: both uniform within one over the root
 * of the numbers that a sum reads.
 *
 * @param shape Places in the window × inputs that each output reads × outputs.
 */
export function convolutionWeights(
  name: string,
  shape: readonly [places: number, inputs: number, outputs: number],
): WeightSpec[] {
  const fill = uniformFill(1 / Math.sqrt(shape[0] * shape[1]));
  return [
    { name: `${name}.weight`, shape, fill },
    { name: `${name}.bias`, shape: [shape[2]], fill },
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
