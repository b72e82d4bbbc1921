/**
 * What a model is: weights to begin with and a pure function of them.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { derive, type Key, stream } from "../random.ts";
import { at, type Layout, type Noise, type Tensors, type WeightSpec } from "./program.ts";

/** Token tensors as a model reads them, all cells × positions. */
export interface TokenTensors {
  /** Token ids, int32. */
  readonly genes: tf.Tensor2D;
  /** Visible values, -1 where masked. */
  readonly input: tf.Tensor2D;
  /** 1 at padding. */
  readonly padding: tf.Tensor2D;
}

/** What a model says about each cell. */
export interface Prediction {
  /** Predicted value at every position, cells × positions. */
  readonly mlm: tf.Tensor2D;
  /** The same predicted from the cell embedding alone, cells × positions. */
  readonly mvc: tf.Tensor2D;
  /** Cell embedding, cells × width. */
  readonly cells: tf.Tensor2D;
  /** Next values of running statistics by the names of their weights, when training. */
  readonly next?: Tensors;
}

/** A masked-value model: pure functions of (weights, tokens). */
export interface Architecture {
  /** Width of the cell embedding. */
  readonly width: number;
  readonly weights: readonly WeightSpec[];
  /** "cell" when each cell is treated alone, "batch" when cells influence each other. */
  readonly mixes: "cell" | "batch";
  /**
   * "ignored" when padding, whatever stands there and however much it is, changes neither what is
   * said elsewhere nor any gradient: `predict` then takes fewer positions than the shape has, too.
   * "seen" unless given.
   */
  readonly padding?: "ignored" | "seen";
  /**
   * "repeated" where `mlm` is `mvc` once more, without a gradient: a distiller then compares `mvc`.
   * "own" unless given.
   */
  readonly mlm?: "own" | "repeated";
  predict(weights: Tensors, tokens: TokenTensors, noise: Noise): Prediction;
}

/** What an architecture is built for. */
export interface Shape {
  /** Genes in the vocabulary; the gene table has `SPECIAL_TOKENS` rows more. */
  readonly genes: number;
  /** Positions in a row, the cell token included. */
  readonly length: number;
}

/** Writes the first weights of an architecture; the same key gives the same bytes. */
export function fillWeights(
  weights: Float32Array,
  layout: Layout,
  specs: readonly WeightSpec[],
  key: Key,
): void {
  specs.forEach((spec, i) =>
    spec.fill(at(weights, layout.slots[i]), stream(derive(key, spec.twin ?? spec.name)))
  );
}
