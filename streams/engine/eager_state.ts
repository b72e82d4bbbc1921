/**
 * The buffers of a model as tensors of a tfjs backend, one a weight: they stay where the backend
 * computes.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import {
  type AdamStep,
  at,
  type BufferName,
  BUFFERS,
  type Layout,
  type State,
} from "../../core/model/program.ts";
import { adam, adamScalars } from "../../core/model/composites/mod.ts";
import { onBackend } from "./apply.ts";
import { refuseInference, refuseLength, refuseUnless } from "./refusals.ts";

/** A state on a backend, without its way to close. */
export interface EagerState extends Omit<State, "close"> {
  /** The tensors of a buffer, in the order of the layout. */
  readonly tensors: Readonly<Record<BufferName, tf.Tensor[]>>;
  /** Puts `value` in the place of a tensor, which is freed; takes the value over. */
  replace(buffer: BufferName, index: number, value: tf.Tensor): void;
  optimise(step: AdamStep): Promise<void>;
  free(): void;
}

/** Allocates the buffers on the backend, all zero. */
export function allocateEager(
  backend: string,
  layout: Layout,
  use: State["use"],
): EagerState {
  const tensors = onBackend(backend, () => {
    const zeros = () => layout.slots.map(({ shape }) => tf.keep(tf.zeros([...shape])));
    const none = () => use === "training" ? zeros() : [];
    return { weights: zeros(), gradients: none(), firstMoment: none(), secondMoment: none() };
  });
  const sizeOf = (buffer: BufferName) => tensors[buffer].length === 0 ? 0 : layout.size;

  let freed = false;

  function replace(buffer: BufferName, index: number, value: tf.Tensor): void {
    if (freed) return value.dispose();
    tensors[buffer][index].dispose();
    tensors[buffer][index] = tf.keep(value);
  }
  async function read(buffer: BufferName): Promise<Float32Array> {
    const values = new Float32Array(sizeOf(buffer));
    const parts = await Promise.all(tensors[buffer].map((tensor) => tensor.data()));
    parts.forEach((part, i) => at(values, layout.slots[i]).set(part));
    return values;
  }
  function write(buffer: BufferName, values: Float32Array): Promise<void> {
    refuseLength(buffer, values.length, sizeOf(buffer));
    onBackend(backend, () =>
      tensors[buffer].forEach((_, i) => {
        const slot = layout.slots[i];
        // A backend may keep the array that it is given.
        replace(buffer, i, tf.tensor(at(values, slot).slice(), [...slot.shape]));
      }));
    return Promise.resolve();
  }
  async function optimise(step: AdamStep): Promise<void> {
    refuseInference({ use }, "optimise");
    if (layout.slots.length === 0) return;
    const norms = onBackend(
      backend,
      () => tf.tidy(() => tf.stack(tensors.gradients.map((g) => tf.sum(tf.square(g))))),
    );
    const squares = await norms.data().finally(() => norms.dispose());
    refuseUnless(!freed, "optimise", "the state was closed meanwhile");
    const wrong = layout.slots.findLast((_, i) => !Number.isFinite(squares[i]));
    refuseUnless(!wrong, "optimise", `the gradient of "${wrong?.name}" is not finite`);
    onBackend(backend, () => layout.slots.forEach((_, i) => stepAt(i, step)));
  }
  function stepAt(i: number, step: AdamStep): void {
    const [weight, gradient, firstMoment, secondMoment] = BUFFERS.map((name) => tensors[name][i]);
    const next = tf.tidy(() => ({
      ...adam({ weight, gradient, firstMoment, secondMoment }, adamScalars(step)),
    }));
    replace("weights", i, next.weight);
    replace("gradients", i, tf.zerosLike(gradient));
    replace("firstMoment", i, next.firstMoment);
    replace("secondMoment", i, next.secondMoment);
  }
  return {
    layout,
    use,
    tensors,
    replace,
    read,
    write,
    optimise,
    free() {
      freed = true;
      for (const buffer of BUFFERS) tensors[buffer].splice(0).forEach((tensor) => tensor.dispose());
    },
  };
}
