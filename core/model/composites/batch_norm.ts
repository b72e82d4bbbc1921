import * as tf from "@tensorflow/tfjs";
import type { Noise, Tensors } from "../program.ts";
import { affine } from "./affine.ts";
import { withGradient } from "./with_gradient.ts";

/** Added to the variance, as in PyTorch. */
const EPSILON = 1e-5;

/** Share of the batch's statistics in the next running ones, as in PyTorch. */
const MOMENTUM = 0.1;

/** Rows that were normalised, and what the running statistics become. */
export interface Normalised {
  readonly value: tf.Tensor2D;
  /** By the names of the weights; nothing where the running statistics were used. */
  readonly next: Tensors;
}

/**
 * Columns of `x` brought to mean 0 and variance 1, then scaled and shifted (Ioffe and Szegedy, "Batch
 * normalization", 2015); rows × width. Programs that learn use mean and variance of the rows at hand
 * and move the running ones, the variance without bias; others use the running ones.
 *
 * @param name Begins the names of `weight`, `bias`, `running_mean` and `running_var`.
 */
export function batchNorm(
  x: tf.Tensor2D,
  weights: Tensors,
  name: string,
  { training }: Pick<Noise, "training">,
): Normalised {
  const running = {
    mean: weights[`${name}.running_mean`],
    variance: weights[`${name}.running_var`],
  };
  const found = training ? momentsOf(x) : running;
  const value = normalise(
    x,
    { ...affine(weights, name), ...found },
    training ? "batch" : "running",
  );
  if (!training) return { value, next: {} };
  const [rows] = x.shape, unbiased = rows / Math.max(1, rows - 1);
  return {
    value,
    next: {
      [`${name}.running_mean`]: moved(running.mean, found.mean),
      [`${name}.running_var`]: moved(running.variance, tf.mul(found.variance, unbiased)),
    },
  };
}

interface Moments {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** Mean and variance of each column. */
function momentsOf(x: tf.Tensor2D): Moments {
  const mean = tf.mean(x, 0);
  return { mean, variance: tf.mean(tf.square(tf.sub(x, mean)), 0) };
}

const moved = (before: tf.Tensor, now: tf.Tensor): tf.Tensor =>
  tf.add(tf.mul(before, 1 - MOMENTUM), tf.mul(now, MOMENTUM));

/** With "batch", mean and variance are those of `x`, and the gradient goes through them as well. */
function normalise(
  x: tf.Tensor2D,
  { weight, bias, mean, variance }: Moments & ReturnType<typeof affine>,
  statistics: "batch" | "running",
): tf.Tensor2D {
  const given = {
    inputs: { x, weight, bias },
    constants: { mean, variance },
    attributes: { statistics },
  };
  return withGradient("batchNorm", given, () => {
    const inverse = tf.rsqrt(tf.add(variance, EPSILON));
    const normal = tf.mul(tf.sub(x, mean), inverse);
    return {
      value: tf.add<tf.Tensor2D>(tf.mul(normal, weight), bias),
      keep: [normal, inverse, weight],
      gradients: (dy, [normal, inverse, weight]) => {
        const dBias = tf.sum(dy, 0), dWeight = tf.sum(tf.mul(dy, normal), 0);
        const scale = tf.mul(weight, inverse);
        if (statistics === "running") return [tf.mul(dy, scale), dWeight, dBias];
        const rows = 1 / dy.shape[0];
        const along = tf.add(tf.mul(normal, tf.mul(dWeight, rows)), tf.mul(dBias, rows));
        return [tf.mul(tf.sub(dy, along), scale), dWeight, dBias];
      },
    };
  });
}
