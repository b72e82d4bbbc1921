/**
 * Fewer positions from many.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";

/** The largest of each `size` neighbours, cells × ⌊positions / size⌋ × width. */
export function poolLargest(x: tf.Tensor3D, size: number): tf.Tensor3D {
  if (size === 1) return x;
  const [cells, length, width] = x.shape;
  const column: tf.Tensor4D = tf.reshape(x, [cells, length, 1, width]);
  const pooled = tf.maxPool(column, [size, 1], [size, 1], "valid");
  return tf.reshape(pooled, [cells, pooled.shape[1], width]);
}

/**
 * Means of `count` stretches of positions, cells × `count` × width: the i-th goes from
 * ⌊i · positions / count⌋ up to ⌈(i + 1) · positions / count⌉, as in PyTorch's adaptive pooling.
 */
export function poolMeans(x: tf.Tensor3D, count: number): tf.Tensor3D {
  const [cells, length, width] = x.shape;
  if (count === length) return x;
  if (length % count === 0) {
    return tf.mean(tf.reshape(x, [cells, count, length / count, width]), 2);
  }
  const byPosition: tf.Tensor2D = tf.reshape(tf.transpose(x, [0, 2, 1]), [cells * width, length]);
  const means = tf.matMul(byPosition, shares(length, count));
  return tf.transpose(tf.reshape(means, [cells, width, count]), [0, 2, 1]);
}

/** What each position adds to each mean, positions × means. */
function shares(length: number, count: number): tf.Tensor2D {
  const means = tf.range(0, count), positions = tf.reshape(tf.range(0, length), [length, 1]);
  // Quotients of small integers: whole ones are exact, others far enough from the next integer.
  const first = tf.floor(tf.div(tf.mul(means, length), count));
  const end = tf.ceil(tf.div(tf.mul(tf.add(means, 1), length), count));
  const inside = tf.logicalAnd(tf.greaterEqual(positions, first), tf.less(positions, end));
  return tf.div(tf.cast(inside, "float32"), tf.sub(end, first));
}
