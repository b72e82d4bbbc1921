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
  /** False for running statistics: no gradient reaches them, programs that learn move them. */
  readonly learned?: false;
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
  /** Whether the program learns; statistics of the batch count then, running ones otherwise. */
  readonly training: boolean;
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
  /**
   * Names of weights that a run moves: output `next:<name>` takes the place of each. Such outputs
   * come back to nobody.
   */
  readonly moves?: readonly string[];
  /**
   * The same program for one cell, where each cell is treated alone: inputs and outputs have one row
   * instead of one a cell, scalars add up over the cells, and the noise of a site is the cell's part
   * of the batch's, whose cells lie one behind the other.
   *
   * @param length Positions, all unless given; fewer only where there is `padding`.
   */
  readonly each?: (length?: number) => Program;
  /**
   * Name of the input, cells × positions, that is 1 at padding, where padding at the end of a cell
   * changes nothing: without it inputs, outputs and noise are the first of their positions, and
   * what is said at padding that was left out is 0.
   */
  readonly padding?: string;
}

/** Name of the output that takes the place of a weight. */
export const nextOf = (weight: string): string => `next:${weight}`;

/**
 * The flat buffers of a model. `gradients` is the sum over all runs since the last `optimise`; the
 * moments are Adam's running means of the gradient and of its square.
 */
export const BUFFERS = ["weights", "gradients", "firstMoment", "secondMoment"] as const;

/** One of the flat buffers. */
export type BufferName = (typeof BUFFERS)[number];

/** The numbers of one model, wherever the engine keeps them. */
export interface State {
  readonly layout: Layout;
  /** Inference has weights only: its other buffers are empty. */
  readonly use: "training" | "inference";
  /** A copy of a whole buffer. */
  read(buffer: BufferName): Promise<Float32Array>;
  /** Replaces a whole buffer; refuses another length. */
  write(buffer: BufferName, values: Float32Array): Promise<void>;
  close(): void;
}

/** Arrays by tensor name, row-major. */
export type Arrays = Readonly<Record<string, Float32Array | Int32Array>>;

/**
 * What dropout is drawn by: a key; for a part of a larger batch its first cell and how many it has, so
 * that parts drop what the whole would.
 */
export type Draw = Key | { readonly key: Key; readonly from: number; readonly cells: number };

/** A program ready to run on any state of its layout. */
export interface Compiled {
  /**
   * Runs once; learning adds to `state.gradients`. The arrays that come back are views that the
   * next run of the same compiled program overwrites.
   *
   * @param noise Of this run's dropout; ignored by programs that infer.
   */
  run(state: State, feeds: Arrays, noise: Draw): Promise<Arrays>;
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

/** In which numbers products are made and what gradients read later is saved; all else is fp32. */
export type Precision = "fp32" | "bf16";

/** What an engine computes with. */
export interface Abilities {
  readonly precision: Precision;
  /** "processor", or the name of an accelerator. */
  readonly device: string;
  /** Threads of the processor that a run may use. */
  readonly threads: number;
  /** The file of a library that was built on this machine; undefined where none was. */
  readonly library?: string | undefined;
}

/** Runs or compiles programs. */
export interface Engine extends Abilities {
  /** What a reader is told, for example "onnx (fp32, 2 threads)". */
  readonly name: string;
  /** What a reader should know besides, sentences without full stops. */
  readonly notes?: readonly string[];
  /** A state, all zero. */
  allocate(layout: Layout, use: State["use"]): State;
  compile(program: Program, layout: Layout): Promise<Compiled>;
  /**
   * Bytes that a run of `program` takes beside its state, told without compiling it; about right, and
   * 0 where nothing can be told.
   */
  estimate(program: Program, layout: Layout): number;
  /**
   * Applies the gradients to the weights and sets them to zero. Refuses gradients that are not
   * finite, naming the last weight that has one (gradients come from behind), and leaves the state as
   * it is.
   */
  optimise(state: State, step: AdamStep): Promise<void>;
  /** Frees everything, states and compiled programs included. */
  close(): Promise<void>;
}
