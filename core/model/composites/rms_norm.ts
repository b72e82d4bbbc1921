import * as tf from "@tensorflow/tfjs";
import { withGradient } from "./with_gradient.ts";

/** Added to the mean square. */
const EPSILON = 1e-5;

/**
 * Rows of `x` brought to mean square 1, then scaled by `weight`, a number a column (Zhang and
 * Sennrich, "Root mean square layer normalization", 2019); rows × width.
 */
export function rmsNorm(x: tf.Tensor2D, weight: tf.Tensor): tf.Tensor2D {
  return withGradient("rmsNorm", { inputs: { x, weight } }, () => {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), EPSILON));
    const normal = tf.mul(x, inverse);
    return {
      value: tf.mul<tf.Tensor2D>(normal, weight),
      keep: [normal, inverse, weight],
      gradients: (dy, [normal, inverse, weight]) => {
        const dWeight = tf.mul(dy, normal);
        const along = tf.mean(tf.mul(dWeight, weight), 1, true);
        const dX = tf.mul(tf.sub(tf.mul(dy, weight), tf.mul(normal, along)), inverse);
        return [dX, tf.sum(dWeight, 0)];
      },
    };
  });
}
