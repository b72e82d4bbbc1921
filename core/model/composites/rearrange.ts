import * as tf from "@tensorflow/tfjs";
import { withGradient } from "./with_gradient.ts";

/** An order of the positions of each cell, and the way back; both cells × positions, int32. */
export interface Order {
  /** For each place the position that moves there. */
  readonly positions: tf.Tensor2D;
  /** For each position the place that it moves to. */
  readonly places: tf.Tensor2D;
}

/** The order by ascending keys, ties as they stand; keys are whole numbers, cells × positions, int32. */
export function orderBy(keys: tf.Tensor2D): Order {
  const [cells, length] = keys.shape;
  // Every key is compared with every other, so that the same graph serves all batches.
  const own = tf.reshape(keys, [cells, length, 1]), other = tf.reshape(keys, [cells, 1, length]);
  const here = tf.range(0, length, 1, "int32");
  const earlier = tf.less(tf.reshape(here, [1, length]), tf.reshape(here, [length, 1]));
  const before = tf.logicalOr(
    tf.less(other, own),
    tf.logicalAnd(tf.equal(other, own), tf.reshape(earlier, [1, length, length])),
  );
  const places = tf.sum<tf.Tensor2D>(tf.cast(before, "int32"), 2);
  const taken = tf.equal(tf.reshape(places, [cells, 1, length]), tf.reshape(here, [length, 1]));
  return { positions: tf.argMax(tf.cast(taken, "int32"), 2), places };
}

/** `x` with its positions in that order; cells × positions. */
export function rearrange(x: tf.Tensor2D, { positions, places }: Order): tf.Tensor2D {
  const given = { inputs: { x }, constants: { positions, places } };
  return withGradient("rearrange", given, () => ({
    value: tf.gather<tf.Tensor2D>(x, positions, 1, 1),
    keep: [places],
    // The way back of a permutation is its inverse: nothing has to be added up.
    gradients: (dy, [places]) => [tf.gather(dy, places as tf.Tensor2D, 1, 1)],
  }));
}

/** The order that undoes another. */
export const undone = ({ positions, places }: Order): Order => ({
  positions: places,
  places: positions,
});
