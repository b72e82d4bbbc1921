import * as tf from "@tensorflow/tfjs";
import type { Noise } from "../program.ts";

/**
 * `x` with about `rate` of its elements set to 0 and the others enlarged so that the mean stays
 * (Srivastava et al., JMLR 2014); `x` itself where the program runs without noise.
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, noise: Noise): T {
  const keep = noise.keep(x.shape, rate);
  return keep ? tf.mul<T>(x, keep) : x;
}
