import * as tf from "@tensorflow/tfjs";
import { withGradient } from "./with_gradient.ts";

/** The values of `x`, through which no gradient flows. */
export function detach<T extends tf.Tensor>(x: T): T {
  // Without inputs nothing leads from the result back to x, so no gradient is computed at all.
  return withGradient(
    "detach",
    { inputs: {}, constants: { x } },
    () => ({ value: tf.clone(x), keep: [], gradients: () => [] }),
  );
}
