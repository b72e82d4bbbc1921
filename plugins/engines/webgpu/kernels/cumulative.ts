/**
 * Running sums and products. Backwards, the package's own go by the length that was compiled first,
 * whatever the length is now; and they find powers of two by `pow`, which need not be exact.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { alongAxis, type Invoke, type Mended } from "./invoke.ts";

/** What a running total is made with: an operation and its neutral element. */
interface Total {
  readonly operation: "Add" | "Multiply";
  readonly neutral: number;
}

/** The kernel of a running total: log₂ of the length passes (Hillis and Steele 1986). */
export const cumulative = (total: Total): Mended => ({ x }, attrs, invoke) => {
  const { axis, exclusive, reverse } = attrs as tf.CumsumAttrs;
  return alongAxis(x, { axis: axis < 0 ? axis + x.shape.length : axis, invoke }, (x) => {
    const shift = shiftOf(total.neutral, { reverse, invoke });
    const length = x.shape[1];
    let sum = exclusive ? shift(x, 1) : x;
    for (let step = 1; step < length; step *= 2) {
      sum = invoke(total.operation, { a: sum, b: shift(sum, step) });
    }
    return sum;
  });
};

/** Moves a row on by some places, at most its length, and fills up with the neutral element. */
function shiftOf(
  neutral: number,
  { reverse, invoke }: { readonly reverse: boolean; readonly invoke: Invoke },
) {
  return (x: tf.TensorInfo, by: number): tf.TensorInfo => {
    const [before, length, after] = x.shape;
    const kept = invoke("Slice", { x }, {
      begin: [0, reverse ? by : 0, 0],
      size: [before, length - by, after],
    });
    const paddings = [[0, 0], reverse ? [0, by] : [by, 0], [0, 0]];
    return invoke("PadV2", { x: kept }, { paddings, constantValue: neutral });
  };
}
