/**
 * Pure tensor functions of static shapes, and what an engine makes of them.
 *
 * Models are written once, in TensorFlow.js operations; an engine runs them eagerly or traces them
 * and compiles the whole step. Weights, gradients and moments are flat float32 buffers with named
 * slots, so that saving, all-reduce and the optimiser see one array.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import type { Key, Random } from "../random.ts";

/** One weight: its name, shape and first values. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Writes the first values; called with the stream of `twin`, so twins start equal. */
  readonly fill: (out: Float32Array, random: Random) => void;
  /** Name of the stream to draw from; the weight's own name unless given. */
  readonly twin?: string;
}

/** Where a weight lies in the flat buffer, in floats. */
export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Names, shapes and places of all weights. */
export interface Layout {
  readonly slots: readonly Slot[];
  /** Floats in all. */
  readonly size: number;
}

/** Lays weights end to end, in the order given. */
export function layoutOf(
  specs: readonly { readonly name: string; readonly shape: readonly number[] }[],
): Layout {
  let size = 0;
  const slots = specs.map(({ name, shape }) => {
    const slot = { name, shape, offset: size, size: shape.reduce((a, b) => a * b, 1) };
    size += slot.size;
    return slot;
  });
  return { slots, size };
}

/** The part of a flat buffer that a slot names; a view, not a copy. */
export const at = (buffer: Float32Array, slot: Slot): Float32Array =>
  buffer.subarray(slot.offset, slot.offset + slot.size);

/** Tensors by name. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** Shape and element type of a tensor that is fed. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
}

/** Where a program gets its dropout from; the engine feeds it, so a trace captures no randomness. */
export interface Noise {
  /**
   * A tensor of `shape` that holds 0 (with probability `drawnRate(rate)`) or 1 / (1 - drawnRate(rate)),
   * drawn afresh at every run; undefined when the program runs without noise.
   */
  keep(shape: readonly number[], rate: number): tf.Tensor | undefined;
}

/** A pure function of weights and fed tensors. */
export interface Program {
  /** Unique among the programs of a run: engines may cache by it. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly apply: (weights: Tensors, inputs: Tensors, noise: Noise) => Tensors;
  /** "learn" differentiates the scalar output called `loss`; "infer" runs without noise. */
  readonly purpose: "learn" | "infer";
}

/** The buffers of one model. Memory belongs to the engine: never used after `close`. */
export interface State {
  readonly layout: Layout;
  readonly weights: Float32Array;
  /** Sum of the gradients of all runs since the last `optimise`; empty for inference. */
  readonly gradients: Float32Array;
  /** Adam's running mean of the gradient; empty for inference. */
  readonly firstMoment: Float32Array;
  /** Adam's running mean of the squared gradient; empty for inference. */
  readonly secondMoment: Float32Array;
  close(): void;
}

/** Arrays by tensor name, row-major. */
export type Arrays = Readonly<Record<string, Float32Array | Int32Array>>;

/** A program ready to run on any state of its layout. */
export interface Compiled {
  /**
   * Runs once; learning adds to `state.gradients`. The arrays that come back are views that the
   * next run of the same compiled program overwrites.
   *
   * @param noise Key of this run's dropout; ignored by programs that infer.
   */
  run(state: State, feeds: Arrays, noise: Key): Promise<Arrays>;
  close(): void;
}

/** One step of Adam (Kingma and Ba 2015): eps 1e-8 outside the root, no weight decay. */
export interface AdamStep {
  readonly rate: number;
  /** Steps made on this state with its present moments, this one included: 1, 2, … */
  readonly step: number;
  readonly beta1: number;
  readonly beta2: number;
}

/** Runs or compiles programs. */
export interface Engine {
  /** What a reader is told, for example "onnx (fp32, 2 threads)". */
  readonly name: string;
  allocate(layout: Layout, use: "training" | "inference"): State;
  compile(program: Program, layout: Layout): Promise<Compiled>;
  /** Applies the gradients to the weights and sets them to zero. */
  optimise(state: State, step: AdamStep): Promise<void>;
  /** Frees everything, states and compiled programs included. */
  close(): Promise<void>;
}
