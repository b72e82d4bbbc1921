import * as tf from "@tensorflow/tfjs";
import type { Affine } from "./affine.ts";
import { withGradient } from "./with_gradient.ts";

/** `x · weight + bias`, rows × outputs, from rows × inputs; with "relu" negative results become 0. */
export function linear(
  x: tf.Tensor2D,
  { weight, bias }: Affine,
  activation: "none" | "relu" = "none",
): tf.Tensor2D {
  return withGradient("linear", { inputs: { x, weight, bias }, attributes: { activation } }, () => {
    const sum = tf.add<tf.Tensor2D>(tf.matMul(x, weight), bias);
    const value = activation === "relu" ? tf.relu(sum) : sum;
    return {
      value,
      keep: activation === "relu" ? [x, weight, value] : [x, weight],
      gradients: (dy, [x, weight, value]) => {
        const dSum = value ? tf.mul(dy, tf.step(value)) : dy;
        return [
          tf.matMul(dSum, weight, false, true),
          tf.matMul(x, dSum, true, false),
          tf.sum(dSum, 0),
        ];
      },
    };
  });
}
