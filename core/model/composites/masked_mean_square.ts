import * as tf from "@tensorflow/tfjs";
import { withGradient } from "./with_gradient.ts";

/**
 * Σ share · (prediction − target)², a scalar; all three are cells × positions. With `share` 1/n at
 * the n positions that count in the whole batch, and 0 elsewhere, the parts of a batch add up to
 * its mean squared error exactly. Only `prediction` gets a gradient.
 */
export function maskedMeanSquare(
  prediction: tf.Tensor2D,
  target: tf.Tensor2D,
  share: tf.Tensor2D,
): tf.Scalar {
  const given = { inputs: { prediction }, constants: { target, share } };
  return withGradient("maskedMeanSquare", given, () => {
    const error = tf.sub(prediction, target), shared = tf.mul(error, share);
    return {
      value: tf.sum<tf.Scalar>(tf.mul(shared, error)),
      keep: [shared],
      gradients: (dy, [shared]) => [tf.mul(shared, tf.mul(dy, 2))],
    };
  });
}
