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
 * @param projected Q, K and V side by side, (cells × positions) × 3 widths.
 */
export function attention(
  projected: tf.Tensor2D,
  { padding, heads, rate }: AttentionOptions,
  noise: Noise,
): tf.Tensor2D {
  const [cells, length] = padding.shape, [rows, columns] = projected.shape;
  const width = columns / 3;
  const byHead = (x: tf.Tensor2D): tf.Tensor4D =>
    tf.transpose(tf.reshape(x, [cells, length, heads, width / heads]), [0, 2, 1, 3]);
  const [query, key, value] = tf.split<tf.Tensor2D>(projected, 3, 1);
  const mixed = attendByHead({
    query: tf.mul(byHead(query), Math.sqrt(heads / width)),
    key: byHead(key),
    value: byHead(value),
    scores: tf.reshape(tf.mul(padding, NEVER), [cells, 1, 1, length]),
    keep: noise.keep([cells, heads, length, length], rate),
  });
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [rows, width]);
}

/** All cells × heads × positions × width of a head. */
interface Heads {
  /** Already scaled. */
  readonly query: tf.Tensor4D;
  readonly key: tf.Tensor4D;
  readonly value: tf.Tensor4D;
  /** Added to the scores of each key; cells × 1 × 1 × positions. */
  readonly scores: tf.Tensor4D;
  /** What dropout multiplies attention weights by; cells × heads × positions × positions. */
  readonly keep: tf.Tensor | undefined;
}

/**
 * One head at a time. The softmax's gradient needs, for each query, the sum of dP · P over its keys:
 * that is the sum of dO · O over the head's width (Dao et al., "FlashAttention", 2022, section 3),
 * which saves two passes over positions × positions; dropout changes nothing about it.
 */
function attendByHead({ query, key, value, scores, keep }: Heads): tf.Tensor4D {
  return withGradient([query, key, value], () => {
    const weights = tf.softmax(tf.add(tf.matMul(query, key, false, true), scores));
    const kept = keep ? tf.mul(weights, keep) : weights;
    const out = tf.matMul<tf.Tensor4D>(kept, value);
    return {
      value: out,
      keep: [query, key, value, out, weights, kept, ...(keep ? [keep] : [])],
      gradients: (dy, [query, key, value, out, weights, kept, keep]) => {
        const dKept = tf.matMul(dy, value, false, true);
        const dWeights = keep ? tf.mul(dKept, keep) : dKept;
        const mean = tf.sum(tf.mul(dy, out), -1, true);
        const dScores = tf.mul(weights, tf.sub(dWeights, mean));
        return [
          tf.matMul(dScores, key),
          tf.matMul(dScores, query, true, false),
          tf.matMul(kept, dy, true, false),
        ];
      },
    };
  });
}
