import * as tf from "@tensorflow/tfjs";
import type { Affine } from "./affine.ts";
import { withGradient } from "./with_gradient.ts";

/** Added to the variance, as in PyTorch. */
const EPSILON = 1e-5;

/**
 * Rows of `x`, or of `x + residual`, brought to mean 0 and variance 1, then scaled and shifted
 * (Ba, Kiros and Hinton, "Layer normalization", 2016); rows × width.
 */
export function layerNorm(
  x: tf.Tensor2D,
  { weight, bias }: Affine,
  residual?: tf.Tensor2D,
): tf.Tensor2D {
  const terms = residual ? { x, residual } : { x };
  return withGradient("layerNorm", { inputs: { weight, bias, ...terms } }, () => {
    const sum = residual ? tf.add(x, residual) : x;
    const centred = tf.sub(sum, tf.mean(sum, 1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), EPSILON));
    const normal = tf.mul(centred, inverse);
    return {
      value: tf.add<tf.Tensor2D>(tf.mul(normal, weight), bias),
      keep: [normal, inverse, weight],
      gradients: (dy, [normal, inverse, weight]) => {
        const dWeight = tf.mul(dy, normal), dNormal = tf.mul(dy, weight);
        const along = tf.mean(tf.mul(dWeight, weight), 1, true);
        const level = tf.mean(dNormal, 1, true);
        const dSum = tf.mul(tf.sub(tf.sub(dNormal, level), tf.mul(normal, along)), inverse);
        return [tf.sum(dWeight, 0), tf.sum(dy, 0), ...Object.keys(terms).map(() => dSum)];
      },
    };
  });
}
