import * as tf from "@tensorflow/tfjs";
import { recurrence } from "./recurrence.ts";
import { withGradient } from "./with_gradient.ts";

/** What a selective scan reads; every channel has `states` numbers that it remembers by. */
export interface Scanned {
  /** Cells × positions × channels. */
  readonly x: tf.Tensor3D;
  /** How far each position moves each channel's states on; cells × positions × channels, positive. */
  readonly steps: tf.Tensor3D;
  /** By which rate a step makes states forget; states × channels, negative. */
  readonly rates: tf.Tensor2D;
  /** How much of `x` enters each state; cells × positions × states. */
  readonly enter: tf.Tensor3D;
  /** How much of each state is seen; cells × positions × states. */
  readonly leave: tf.Tensor3D;
}

/**
 * What each position sees of those up to it in its cell, cells × positions × channels: with
 * h ← exp(step · rate) · h + step · enter · x, the sum of leave · h over the states (Gu and Dao,
 * "Mamba", 2023, algorithm 2).
 */
export function selectiveScan({ x, steps, rates, enter, leave }: Scanned): tf.Tensor3D {
  const [cells, length, channels] = x.shape, [states] = rates.shape;
  /** Cells × positions × states × channels, from numbers a channel or a state. */
  const byChannel = (y: tf.Tensor) => tf.reshape(y, [cells, length, 1, channels]);
  const byState = (y: tf.Tensor) => tf.reshape(y, [cells, length, states, 1]);
  const full = (y: tf.Tensor) => tf.reshape(y, [cells, length, states, channels]);
  const flat = (y: tf.Tensor): tf.Tensor3D => tf.reshape(y, [cells, length, states * channels]);

  return withGradient("selectiveScan", { inputs: { x, steps, rates, enter, leave } }, () => {
    const decay = tf.exp(tf.mul(byChannel(steps), rates));
    const input = tf.mul(byChannel(tf.mul(steps, x)), byState(enter));
    const memory = full(recurrence(flat(decay), flat(input)));
    return {
      value: tf.sum<tf.Tensor3D>(tf.mul(memory, byState(leave)), 2),
      keep: [x, steps, rates, enter, leave, decay, memory],
      gradients: (dy, [x, steps, rates, enter, leave, decay, memory]) => {
        const seen = tf.mul(byChannel(dy), byState(leave));
        // What a state is worth: what is seen of it, and of what the next position takes over.
        const worth = full(
          recurrence(flat(shifted(decay, "later")), flat(seen), "from after"),
        );
        const entered = tf.sum(tf.mul(worth, byState(enter)), 2);
        const forgotten = tf.mul(tf.mul(worth, shifted(memory, "earlier")), decay);
        const dSteps = tf.add(
          tf.sum(tf.mul(forgotten, rates), 2),
          tf.mul(entered, x),
        );
        return [
          tf.mul(entered, steps),
          dSteps,
          tf.sum(tf.mul(forgotten, byChannel(steps)), [0, 1]),
          tf.sum(tf.mul(worth, byChannel(tf.mul(steps, x))), 3),
          tf.sum(tf.mul(memory, byChannel(dy)), 3),
        ];
      },
    };
  });
}

/** At each position what stands at the one before or after it; 0 where there is none. */
function shifted(x: tf.Tensor, from: "earlier" | "later"): tf.Tensor {
  const [cells, length, ...rest] = x.shape;
  const begin = [0, from === "later" ? 1 : 0, 0, 0];
  const kept = tf.slice(x, begin, [cells, length - 1, ...rest]);
  return tf.pad(kept, [[0, 0], from === "later" ? [0, 1] : [1, 0], [0, 0], [0, 0]]);
}
