import * as tf from "@tensorflow/tfjs";
import type { Affine } from "./affine.ts";
import { withGradient } from "./with_gradient.ts";

/** What becomes of negative results: they stay, are 0, or a hundredth of them (PyTorch's default). */
export type Activation = "none" | "relu" | "leakyRelu";

/** What "leakyRelu" multiplies negative results by. */
export const LEAK = 0.01;

/** `x · weight + bias` and its activation, rows × outputs, from rows × inputs. */
export function linear(
  x: tf.Tensor2D,
  { weight, bias }: Affine,
  activation: Activation = "none",
): tf.Tensor2D {
  return withGradient("linear", { inputs: { x, weight, bias }, attributes: { activation } }, () => {
    const value = activated(tf.add<tf.Tensor2D>(tf.matMul(x, weight), bias), activation);
    return {
      value,
      keep: activation === "none" ? [x, weight] : [x, weight, value],
      gradients: (dy, [x, weight, value]) => {
        // Values are positive exactly where what they were made of was.
        const slope = activation === "relu" ? 0 : LEAK;
        const dSum = value ? tf.mul(dy, tf.step(value, slope)) : dy;
        return [
          tf.matMul(dSum, weight, false, true),
          tf.matMul(x, dSum, true, false),
          tf.sum(dSum, 0),
        ];
      },
    };
  });
}

function activated(sum: tf.Tensor2D, activation: Activation): tf.Tensor2D {
  switch (activation) {
    case "none":
      return sum;
    case "relu":
      return tf.relu(sum);
    case "leakyRelu":
      return tf.leakyRelu(sum, LEAK);
  }
}
