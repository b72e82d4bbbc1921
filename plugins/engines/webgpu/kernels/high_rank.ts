/**
 * Padding and reversing tensors of more than four axes, which the package's shaders do not know.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { alongAxis, type Mended } from "./invoke.ts";

/** Axes that the package can do at once. */
const AXES = 4;

/** Pads one axis after the other where there are many. */
export const pad: Mended = ({ x }, attrs, invoke) => {
  const { paddings, constantValue } = attrs as tf.PadV2Attrs;
  if (x.shape.length <= AXES) return invoke("PadV2", { x }, { paddings, constantValue });
  let padded = invoke("Identity", { x });
  paddings.forEach((padding, axis) => {
    if (padding.every((length) => length === 0)) return;
    padded = alongAxis(
      padded,
      { axis, invoke },
      (x) => invoke("PadV2", { x }, { paddings: [[0, 0], padding, [0, 0]], constantValue }),
    );
  });
  return padded;
};

/** Reverses one axis after the other where there are many. */
export const reverse: Mended = ({ x }, attrs, invoke) => {
  const { dims } = attrs as { readonly dims: number | readonly number[] };
  if (x.shape.length <= AXES) return invoke("Reverse", { x }, { dims });
  let reversed = invoke("Identity", { x });
  for (const dim of [dims].flat()) {
    const axis = dim < 0 ? dim + x.shape.length : dim;
    reversed = alongAxis(
      reversed,
      { axis, invoke },
      (x) => invoke("Reverse", { x }, { dims: [1] }),
    );
  }
  return reversed;
};
