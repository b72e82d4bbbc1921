import * as tf from "@tensorflow/tfjs";
import { withGradient } from "./with_gradient.ts";

/** `x` where positive, `slope · x` elsewhere, for slopes from 0 to 1. */
export function leakyRelu(x: tf.Tensor2D, slope = 0.01): tf.Tensor2D {
  return withGradient("leakyRelu", { inputs: { x }, attributes: { slope } }, () => ({
    value: tf.maximum<tf.Tensor2D>(x, tf.mul(x, slope)),
    keep: [x],
    gradients: (dy, [x]) => [tf.mul(dy, tf.add(tf.mul(tf.step(x), 1 - slope), slope))],
  }));
}
