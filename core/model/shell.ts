/**
 * What the benchmark's architectures share around their encoders: gene table and value encoder
 * before, pooling and two heads after (Zhao et al., AAAI 2025; its public code where the paper is
 * silent).
 *
 * Weights bear the names of the reference implementation; `core/reference_weights.ts` says how they
 * lie in its files.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { Schema } from "effect";
import { Positive } from "../quantities.ts";
import type { Prediction, TokenTensors } from "./architecture.ts";
import { affine, detach, embedding, linear } from "./composites/mod.ts";
import { linearWeights, xavierFill, xavierLinearWeights } from "./initial.ts";
import { setting } from "../plugin.ts";
import type { Tensors, WeightSpec } from "./program.ts";
import { SPECIAL_TOKENS } from "../tokens.ts";

/** Settings of every architecture that stands in the shell. */
export const shellSettings = {
  width: setting(Positive, 256, "width of the model and of the cell embedding"),
  embedding: setting(Positive, 256, "width of the gene table; a linear layer follows if not width"),
  maximum: setting(
    Schema.Finite.check(Schema.isGreaterThan(0)),
    512,
    "larger values are read as this",
  ),
};

/** The settings of the shell, with the number of layers that stand in it. */
export interface ShellConfig {
  readonly layers: number;
  readonly width: number;
  readonly embedding: number;
  readonly maximum: number;
}

/** Where the cell embedding comes from. */
export type Pooling = "cls" | "mean";

/** The weights of the shell; `genes` counts the vocabulary without its special tokens. */
export function shellWeights(
  genes: number,
  { width, embedding }: { readonly width: number; readonly embedding: number },
): WeightSpec[] {
  const rows = genes + SPECIAL_TOKENS;
  return [
    { name: "embedding.weight", shape: [rows, embedding], fill: xavierFill(rows, embedding) },
    ...(embedding === width ? [] : linearWeights("emb_trans", embedding, width)),
    ...xavierLinearWeights("value_encoder.0", 1, width),
    ...xavierLinearWeights("value_encoder.2", width, width),
    ...headWeights("decoder", width, 1),
    ...headWeights("gene2query", width, width),
  ];
}

/** Tokens as an encoder reads them, both (cells × positions) × width. */
export interface Embedded {
  /** From the gene alone. */
  readonly genes: tf.Tensor2D;
  /** From gene and value together: no position, no norm. */
  readonly tokens: tf.Tensor2D;
}

/** Embeds genes and values; values above `maximum` count as `maximum`. */
export function embedTokens(weights: Tensors, tokens: TokenTensors, maximum: number): Embedded {
  const table = weights["embedding.weight"] as tf.Tensor2D;
  const rows = embedding(table, tokens.genes, tokens.padding);
  const genes = "emb_trans.weight" in weights ? linear(rows, affine(weights, "emb_trans")) : rows;

  const column = tf.reshape<tf.Rank.R2>(tf.minimum(tokens.input, maximum), [rows.shape[0], 1]);
  const hidden = linear(column, affine(weights, "value_encoder.0"), "relu");
  const values = linear(hidden, affine(weights, "value_encoder.2"));
  return { genes, tokens: tf.add(genes, values) };
}

/**
 * The embedding of each cell, cells × width, from encoded positions: "cls" takes the cell token,
 * "mean" the plain mean over all positions, padding included.
 *
 * The reference trains so. In its evaluation PyTorch's fused path writes zeros at padding, so that
 * there "mean" sums over unpadded positions and still divides by all; here both are as in training.
 */
export function poolCells(encoded: tf.Tensor2D, cells: number, pooling: Pooling): tf.Tensor2D {
  const [rows, width] = encoded.shape;
  const byCell: tf.Tensor3D = tf.reshape(encoded, [cells, rows / cells, width]);
  return pooling === "mean"
    ? tf.mean(byCell, 1)
    : tf.reshape(tf.slice(byCell, [0, 0, 0], [cells, 1, width]), [cells, width]);
}

/** The value that each encoded position stands for, cells × positions. */
export function decodeValues(weights: Tensors, encoded: tf.Tensor2D, cells: number): tf.Tensor2D {
  return tf.reshape(head(weights, "decoder", encoded), [cells, encoded.shape[0] / cells]);
}

/**
 * The value of each position's gene as the cell embedding alone tells it, cells × positions: the
 * inner product with a query made from the gene. No gradient flows into gene embeddings.
 */
export function recallValues(
  weights: Tensors,
  genes: tf.Tensor2D,
  embeddings: tf.Tensor2D,
): tf.Tensor2D {
  const [cells, width] = embeddings.shape, length = genes.shape[0] / cells;
  const queries = tf.reshape(head(weights, "gene2query", detach(genes)), [cells, length, width]);
  const values = tf.matMul(queries, tf.reshape(embeddings, [cells, width, 1]));
  return tf.reshape(values, [cells, length]);
}

/** What the shell makes of encoded positions: both predictions and the cell embedding. */
export function predictBoth(
  weights: Tensors,
  { genes, encoded, cells, pooling }: {
    /** Embedded genes and encoded positions, both (cells × positions) × width. */
    readonly genes: tf.Tensor2D;
    readonly encoded: tf.Tensor2D;
    readonly cells: number;
    readonly pooling: Pooling;
  },
): Prediction {
  const embeddings = poolCells(encoded, cells, pooling);
  return {
    mlm: decodeValues(weights, encoded, cells),
    mvc: recallValues(weights, genes, embeddings),
    cells: embeddings,
  };
}

function headWeights(name: string, width: number, outputs: number): WeightSpec[] {
  return [
    ...xavierLinearWeights(`${name}.0`, width, width),
    ...xavierLinearWeights(`${name}.2`, width, width),
    ...xavierLinearWeights(`${name}.4`, width, outputs),
  ];
}

/** Three linear layers with leaky rectifiers between. */
function head(weights: Tensors, name: string, x: tf.Tensor2D): tf.Tensor2D {
  const first = linear(x, affine(weights, `${name}.0`), "leakyRelu");
  const second = linear(first, affine(weights, `${name}.2`), "leakyRelu");
  return linear(second, affine(weights, `${name}.4`));
}
