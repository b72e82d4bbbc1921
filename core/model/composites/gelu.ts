import * as tf from "@tensorflow/tfjs";
import { withGradient } from "./with_gradient.ts";

/** `x` times the share of a standard normal that lies below it (Hendrycks and Gimpel 2016), exactly. */
export function gelu<T extends tf.Tensor>(x: T): T {
  return withGradient<T>("gelu", { inputs: { x } }, () => {
    const below = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
    return {
      value: tf.mul<T>(x, below),
      keep: [x, below],
      gradients: (dy, [x, below]) => {
        const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        return [tf.mul(dy, tf.add(below, tf.mul(x, density)))];
      },
    };
  });
}
