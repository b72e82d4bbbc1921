import * as tf from "@tensorflow/tfjs";
import type { Noise } from "../program.ts";
import { withGradient } from "./with_gradient.ts";

/** Added to the scores of padded keys, so that their weights are exactly 0. */
const NEVER = -1e9;

/** How attention reads its input. */
export interface AttentionOptions {
  /** 1 at padding, which no position attends to; cells × positions, none padded throughout. */
  readonly padding: tf.Tensor2D;
  /** Divides the width. */
  readonly heads: number;
  /** Dropout of attention weights. */
  readonly rate: number;
}

/**
 * What each position gathers from the others of its cell, (cells × positions) × width:
 * softmax(Q Kᵀ / √d) V for each head, d being the width of a head (Vaswani et al. 2017).
 *
 * The softmax's gradient needs, for each query, the sum of dP · P over its keys: that is the sum of
 * dO · O over the head's width (Dao et al., "FlashAttention", 2022, section 3), which saves two
 * passes over positions × positions; dropout changes nothing about it.
 *
 * @param projected Q, K and V side by side, (cells × positions) × 3 widths.
 */
export function attention(
  projected: tf.Tensor2D,
  { padding, heads, rate }: AttentionOptions,
  noise: Noise,
): tf.Tensor2D {
  const [cells, length] = padding.shape, [rows, columns] = projected.shape;
  const width = columns / 3, scale = Math.sqrt(heads / width);
  const keep = noise.keep([cells, heads, length, length], rate);
  const constants = { padding, ...(keep ? { keep } : {}) };

  const byHead = (x: tf.Tensor2D): tf.Tensor4D =>
    tf.transpose(tf.reshape(x, [cells, length, heads, width / heads]), [0, 2, 1, 3]);
  const byRow = (x: tf.Tensor): tf.Tensor2D =>
    tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [rows, width]);

  return withGradient(
    "attention",
    { inputs: { projected }, constants, attributes: { heads } },
    () => {
      const [query, key, value] = tf.split<tf.Tensor2D>(projected, 3, 1).map(byHead);
      const scaled = tf.mul(query, scale);
      const never = tf.reshape(tf.mul(padding, NEVER), [cells, 1, 1, length]);
      const weights = tf.softmax(tf.add(tf.matMul(scaled, key, false, true), never));
      const kept = keep ? tf.mul(weights, keep) : weights;
      const out = tf.matMul<tf.Tensor4D>(kept, value);
      return {
        value: byRow(out),
        keep: [scaled, key, value, out, weights, kept, ...(keep ? [keep] : [])],
        gradients: (dy, [scaled, key, value, out, weights, kept, keep]) => {
          const dOut = byHead(dy as tf.Tensor2D);
          const dKept = tf.matMul(dOut, value, false, true);
          const dWeights = keep ? tf.mul(dKept, keep) : dKept;
          const mean = tf.sum(tf.mul(dOut, out), -1, true);
          const dScores = tf.mul(weights, tf.sub(dWeights, mean));
          const dQuery = tf.mul(tf.matMul(dScores, key), scale);
          const dKey = tf.matMul(dScores, scaled, true, false);
          const dValue = tf.matMul(kept, dOut, true, false);
          return [tf.concat([dQuery, dKey, dValue].map(byRow), 1)];
        },
      };
    },
  );
}
