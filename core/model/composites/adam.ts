import * as tf from "@tensorflow/tfjs";
import type { AdamStep } from "../program.ts";

/** Keeps the quotient finite; stands outside the root, as in PyTorch. */
const EPSILON = 1e-8;

/** What a step of Adam multiplies by. */
export interface AdamScalars {
  readonly beta1: number;
  /** 1 − β₁. */
  readonly rest1: number;
  readonly beta2: number;
  /** 1 − β₂. */
  readonly rest2: number;
  /** Learning rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ). */
  readonly rate: number;
  /** 10⁻⁸ · √(1 − β₂ᵗ). */
  readonly epsilon: number;
}

/** The scalars of a step: the bias corrections, drawn out of the tensors. */
export function adamScalars({ rate, step, beta1, beta2 }: AdamStep): AdamScalars {
  const root = Math.sqrt(1 - beta2 ** step);
  return {
    beta1,
    rest1: 1 - beta1,
    beta2,
    rest2: 1 - beta2,
    rate: rate * root / (1 - beta1 ** step),
    epsilon: EPSILON * root,
  };
}

/** A weight with its gradient and Adam's running means; all of one shape. */
export interface Moving {
  readonly weight: tf.Tensor;
  readonly gradient: tf.Tensor;
  readonly firstMoment: tf.Tensor;
  readonly secondMoment: tf.Tensor;
}

/**
 * Weight and moments after one step of Adam (Kingma and Ba 2015, algorithm 1):
 * m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − rate · m / (√v + epsilon).
 */
export function adam(
  { weight, gradient, firstMoment, secondMoment }: Moving,
  { beta1, rest1, beta2, rest2, rate, epsilon }: AdamScalars,
): Omit<Moving, "gradient"> {
  const mean = tf.add(tf.mul(firstMoment, beta1), tf.mul(gradient, rest1));
  const square = tf.add(tf.mul(secondMoment, beta2), tf.mul(tf.square(gradient), rest2));
  const quotient = tf.div(mean, tf.add(tf.sqrt(square), epsilon));
  return {
    weight: tf.sub(weight, tf.mul(quotient, rate)),
    firstMoment: mean,
    secondMoment: square,
  };
}
