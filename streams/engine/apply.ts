/**
 * One application of a program, forward and, for programs that learn, backward.
 *
 * The host decides what a tensor is: numbers on an eager backend, or a node of a graph under trace.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { RunError } from "../../core/errors.ts";
import type {
  Layout,
  Noise,
  Program,
  Slot,
  Tensors,
  TensorSpec,
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
      function forward(): Tensors {
        const outputs = program.apply(weights, inputs, host.noise);
        for (const [name, value] of Object.entries(outputs)) host.output(name, value);
        return outputs;
      }
      if (program.purpose === "infer" || layout.slots.length === 0) return void forward();

      const gradients = differentiate(
        () => lossOf(program, forward()),
        layout.slots.map((slot) => weights[slot.name]),
      );
      layout.slots.forEach((slot, i) => {
        const gradient = gradients[i];
        if (gradient) host.gradient(slot, gradient);
      });
    }));
}

/** Runs `f` on the named backend and goes back to the one before. */
function onBackend(name: string, f: () => void): void {
  tf.enableProdMode(); // else the cpu backend advertises another package on its first use
  tf.backend(); // chooses one if none is chosen yet
  const before = tf.getBackend();
  if (before === name) return f();
  // Backends that are made synchronously are in place when setBackend returns its promise.
  void tf.setBackend(name);
  try {
    f();
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
