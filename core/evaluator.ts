/**
 * How a model is judged: a fold over outcomes, asked once for every gene set seen so far.
 *
 * @module
 */

import type { Curriculum, Stage } from "./curriculum.ts";
import type { Key } from "./random.ts";
import type { TokenBatch } from "./tokens.ts";

/** What the model said about a batch, beside the truth. */
export interface Outcome {
  readonly tokens: TokenBatch;
  /** Predicted values, cells × positions, in the units of the transformed values. */
  readonly mlm: Float32Array;
  /** Cell embeddings, cells × width. */
  readonly embedding: Float32Array;
  /** Class of each cell, or -1; all -1 when the question needs no labels. */
  readonly labels: Int32Array;
}

/** What is asked. */
export interface Question {
  /** The gene set that is asked about. */
  readonly set: Stage;
  readonly curriculum: Curriculum;
  /** Number of classes; 0 when the question needs no labels. */
  readonly classes: number;
  /** Key of whatever the answer draws: splits, initial weights. */
  readonly key: Key;
}

/** A fold over outcomes. Order and batching of the outcomes never matter to the answer. */
export interface Evaluator<State = unknown> {
  /** What is measured, for example "regression loss". */
  readonly name: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  /** Which cells: those held out from training, or the labelled cells of each gene set's data set. */
  readonly cells: "held-out" | "labelled";
  /** Which genes: all that arrived so far, or base genes and the asked set only. */
  readonly visible: "union" | "own";
  /** Which sets: those that have arrived, or also those whose genes come later. */
  readonly asks: "seen" | "all";
  /** Share of positions masked. */
  readonly mask: number;
  /** How often the question is put, with fresh draws. */
  readonly trials: number;
  /** Share of the labelled cells, rounded down, that answers learn from; the others are tested. */
  readonly trainShare?: number;
  empty(question: Question): State;
  add(state: State, outcome: Outcome, question: Question): State;
  /** The score; NaN when nothing that counts was seen. */
  value(state: State, question: Question): number;
}
