/**
 * The pair of weights that linear layers and norms have.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import type { Tensors } from "../program.ts";

/** A weight and what is added after it. */
export interface Affine {
  /** Linear layer: inputs × outputs. Norm: width. */
  readonly weight: tf.Tensor;
  /** One number an output. */
  readonly bias: tf.Tensor;
}

/** The pair of that name: `name.weight` and `name.bias`. */
export const affine = (weights: Tensors, name: string): Affine => ({
  weight: weights[`${name}.weight`],
  bias: weights[`${name}.bias`],
});
