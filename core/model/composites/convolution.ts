/**
 * Convolutions along the positions of a cell.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { Affine } from "./affine.ts";

/** How windows lie along the positions. */
export interface Windows {
  /** Zeros before the first position, and after the last. */
  readonly padding: readonly [before: number, after: number];
  readonly stride: number;
}

/**
 * What windows of positions add up to, cells × windows × outputs, from cells × positions × inputs.
 *
 * @param weight Places in the window × inputs × outputs.
 */
export function convolve(
  x: tf.Tensor3D,
  { weight, bias }: Affine,
  { padding, stride }: Windows,
): tf.Tensor3D {
  const framed = tf.pad(x, [[0, 0], [...padding], [0, 0]]);
  return tf.add(tf.conv1d(framed, weight as tf.Tensor3D, stride, "valid"), bias);
}

/**
 * The same for each channel alone, cells × windows × channels.
 *
 * @param weight Places in the window × 1 × channels.
 */
export function convolveChannels(
  x: tf.Tensor3D,
  { weight, bias }: Affine,
  { padding, stride }: Windows,
): tf.Tensor3D {
  const [cells, length, channels] = x.shape, [places] = weight.shape;
  const column: tf.Tensor4D = tf.reshape(x, [cells, length, 1, channels]);
  const framed = tf.pad(column, [[0, 0], [...padding], [0, 0], [0, 0]]);
  const filter: tf.Tensor4D = tf.reshape(weight, [places, 1, channels, 1]);
  const sums = tf.depthwiseConv2d(framed, filter, stride, "valid");
  return tf.add(tf.reshape(sums, [cells, sums.shape[1], channels]), bias);
}
