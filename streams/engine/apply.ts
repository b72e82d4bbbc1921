/**
 * One application of a program, forward and, for programs that learn, backward.
 *
 * The host decides what a tensor is: numbers on an eager backend, or a node of a graph under trace.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { RunError } from "../../core/errors.ts";
import {
  type Layout,
  nextOf,
  type Noise,
  type Program,
  type Slot,
  type Tensors,
  type TensorSpec,
} from "../../core/model/program.ts";

/** Where the tensors of a program come from and where they go. */
export interface Host {
  /** Name of the tfjs backend that the operations run on. */
  readonly backend: string;
  readonly noise: Noise;
  weight(slot: Slot): tf.Tensor;
  input(name: string, spec: TensorSpec): tf.Tensor;
  /** Receives every output while it is alive. */
  output(name: string, value: tf.Tensor): void;
  /** Receives the next value of a weight that the program moves. */
  next(slot: Slot, value: tf.Tensor): void;
  /** Receives the gradient of the loss by a weight; weights that the loss ignores are left out. */
  gradient(slot: Slot, value: tf.Tensor): void;
}

/** Applies `program` once. No tensor outlives the call, also when it throws. */
export function applyProgram(program: Program, layout: Layout, host: Host): void {
  onBackend(host.backend, () =>
    tf.tidy(() => {
      const weights = Object.fromEntries(layout.slots.map((s) => [s.name, host.weight(s)]));
      const inputs = Object.fromEntries(
        Object.entries(program.inputs).map(([name, spec]) => [name, host.input(name, spec)]),
      );
      const moved = new Map(
        layout.slots.filter(({ name }) => program.moves?.includes(name))
          .map((slot) => [nextOf(slot.name), slot]),
      );
      function forward(): Tensors {
        const outputs = program.apply(weights, inputs, host.noise);
        for (const [name, value] of Object.entries(outputs)) {
          const slot = moved.get(name);
          if (slot) host.next(slot, value);
          else host.output(name, value);
        }
        return outputs;
      }
      const learned = layout.slots.filter(({ name }) => !moved.has(nextOf(name)));
      if (program.purpose === "infer" || learned.length === 0) return void forward();

      const gradients = differentiate(
        () => lossOf(program, forward()),
        learned.map((slot) => weights[slot.name]),
      );
      learned.forEach((slot, i) => {
        const gradient = gradients[i];
        if (gradient) host.gradient(slot, gradient);
      });
    }));
}

/** What `f` returns when run on the named backend; the one before is chosen again after it. */
export function onBackend<T>(name: string, f: () => T): T {
  tf.enableProdMode(); // else the cpu backend advertises another package on its first use
  if (!tf.getBackend()) void tf.setBackend("cpu"); // else it looks for a browser's graphics first
  const before = tf.getBackend();
  if (before === name) return f();
  // Backends that exist already are in place when setBackend returns its promise.
  void tf.setBackend(name);
  try {
    return f();
  } finally {
    void tf.setBackend(before);
  }
}

function lossOf(program: Program, outputs: Tensors): tf.Tensor {
  const loss = outputs.loss;
  if (loss?.rank === 0) return loss;
  const found = loss ? `has shape [${loss.shape}]` : "is missing";
  throw new RunError({
    message: `Cannot differentiate program "${program.name}": its output "loss" ${found}; ` +
      `return a scalar of that name`,
  });
}

/** Gradients of `f` by each of `xs`; undefined where `f` does not depend on it. */
function differentiate(f: () => tf.Tensor, xs: tf.Tensor[]): (tf.Tensor | undefined)[] {
  const engine = tf.engine();
  try {
    return engine.gradients(f, xs, undefined, true).grads;
  } catch (error) {
    // An interrupted tape keeps what the gradient functions saved.
    for (const node of engine.state.activeTape ?? []) node.saved?.forEach((t) => t.dispose());
    engine.state.activeTape = [];
    throw error;
  }
}
