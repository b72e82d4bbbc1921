/**
 * How a composite carries its own gradient.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";

/** A forward pass that knows its way back. */
export interface Pass<T extends tf.Tensor> {
  readonly value: T;
  /** What the gradient reads of the forward pass; anything else is gone by then. */
  readonly keep: readonly tf.Tensor[];
  /** The gradient by each input, in order, from the gradient by the value and what was kept. */
  readonly gradients: (dy: tf.Tensor, kept: readonly tf.Tensor[]) => readonly tf.Tensor[];
}

/**
 * Runs `forward` and differentiates it by `inputs` as it says. Tensors that `forward` reads beside
 * `inputs` count as constants.
 */
export function withGradient<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: () => Pass<T>,
): T {
  const composite = tf.customGrad<T>((...given) => {
    // Typed as one more tensor.
    const save = given.at(-1) as unknown as (tensors: tf.Tensor[]) => void;
    const { value, keep, gradients } = forward();
    save([...keep]);
    return {
      value,
      // Clones: where gradients are summed, tfjs disposes each one that came in.
      gradFunc: (dy, kept) => tf.tidy(() => gradients(dy, kept).map((g) => tf.clone(g))),
    };
  });
  return composite(...inputs);
}
