import * as tf from "@tensorflow/tfjs";
import type { Noise } from "../program.ts";
import { withGradient } from "./with_gradient.ts";

/**
 * `x` with about `rate` of its elements set to 0 and the others enlarged so that the mean stays
 * (Srivastava et al., JMLR 2014); `x` itself where the program runs without noise.
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, noise: Noise): T {
  const keep = noise.keep(x.shape, rate);
  if (!keep) return x;
  return withGradient("dropout", { inputs: { x }, constants: { keep } }, () => ({
    value: tf.mul<T>(x, keep),
    keep: [keep],
    gradients: (dy, [keep]) => [tf.mul(dy, keep)],
  }));
}
