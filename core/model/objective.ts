/**
 * The programs of an architecture: what a training step minimises, and what a prediction is.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { Architecture, Prediction } from "./architecture.ts";
import { maskedMeanSquare } from "./composites/mod.ts";
import type { Distiller } from "../distiller.ts";
import { nextOf, type Program, type Tensors, type TensorSpec } from "./program.ts";

/** The shape of the batches that a program runs on. */
export interface BatchShape {
  readonly cells: number;
  /** Positions in a row, the cell token included. */
  readonly length: number;
  /** Tells programs apart whose architectures or distillers differ within a run; none unless given. */
  readonly label?: string;
}

/**
 * The training objective: squared error at the masked positions of both predictions, plus λ times
 * the distiller's penalty.
 *
 * Inputs, all cells × positions: `genes` (int32), `input`, `target`, `padding` and `share`, which is
 * 1/n at the n masked positions of the whole batch and 0 elsewhere. A distiller adds the teacher's
 * `teacher.mlm`, `teacher.mvc`, `teacher.cells` and `kept`, the share of the positions it selects.
 *
 * Outputs, scalars: `loss` = `mlm` + `mvc` + λ · `distil`; `distil` is 0 without a distiller.
 */
export function learningProgram(
  architecture: Architecture,
  shape: BatchShape,
  distiller?: Distiller,
): Program {
  const moves = architecture.weights.filter(({ learned }) => learned === false)
    .map(({ name }) => name);
  return {
    name: nameOf(distiller ? "learn from teacher" : "learn", shape),
    purpose: "learn",
    moves,
    ...eachOf(architecture, shape, (one) => learningProgram(architecture, one, distiller)),
    inputs: {
      ...tokenSpecs(shape),
      target: table(shape),
      share: table(shape),
      ...(distiller ? teacherSpecs(shape, architecture.width) : {}),
    },
    apply(weights, inputs, noise) {
      const student = architecture.predict(weights, tokensOf(inputs), noise);
      const { target, share } = inputs as Tables;
      const mlm = maskedMeanSquare(student.mlm, target, share);
      const mvc = maskedMeanSquare(student.mvc, target, share);
      const both = tf.add(mlm, mvc), next = nextWeights(student, moves);
      if (!distiller) return { loss: both, mlm, mvc, distil: tf.zerosLike(both), ...next };
      const shown = architecture.mlm === "repeated" ? { ...student, mlm: student.mvc } : student;
      const distil = distiller.penalty(shown, teacherOf(inputs), (inputs as Tables).kept);
      const loss = tf.add(both, tf.mul(distil, distiller.weight));
      return { loss, mlm, mvc, distil, ...next };
    },
  };
}

/**
 * What the model says, without noise. Inputs `genes` (int32), `input` and `padding`; outputs `mlm`
 * and `mvc`, cells × positions, and `cells`, cells × width.
 */
export function predictingProgram(architecture: Architecture, shape: BatchShape): Program {
  return {
    name: nameOf("predict", shape),
    purpose: "infer",
    ...eachOf(architecture, shape, (one) => predictingProgram(architecture, one)),
    inputs: tokenSpecs(shape),
    apply(weights, inputs, noise) {
      const { mlm, mvc, cells } = architecture.predict(weights, tokensOf(inputs), noise);
      return { mlm, mvc, cells };
    },
  };
}

/** The program for one cell, of architectures that treat each alone. */
const eachOf = (
  { mixes, padding }: Architecture,
  shape: BatchShape,
  program: (one: BatchShape) => Program,
): Pick<Program, "each" | "padding"> =>
  mixes === "batch" ? {} : {
    each: (length = shape.length) => program({ ...shape, cells: 1, length }),
    ...(padding === "ignored" ? { padding: "padding" } : {}),
  };

/** What a run moves the running statistics to. */
const nextWeights = ({ next }: Prediction, moves: readonly string[]): Tensors =>
  Object.fromEntries(moves.flatMap((name) => next ? [[nextOf(name), next[name]]] : []));

/** Tensors of cells × positions by name. */
type Tables = Readonly<Record<string, tf.Tensor2D>>;

const nameOf = (purpose: string, { label, cells, length }: BatchShape): string =>
  `${label === undefined ? "" : `${label}: `}${purpose} ${cells} × ${length}`;

const table = ({ cells, length }: BatchShape, dtype: "float32" | "int32" = "float32") =>
  ({ shape: [cells, length], dtype }) satisfies TensorSpec;

const tokenSpecs = (shape: BatchShape) => ({
  genes: table(shape, "int32"),
  input: table(shape),
  padding: table(shape),
});

const teacherSpecs = (shape: BatchShape, width: number) => ({
  "teacher.mlm": table(shape),
  "teacher.mvc": table(shape),
  "teacher.cells": table({ ...shape, length: width }),
  kept: table(shape),
});

function tokensOf(inputs: Tensors) {
  const { genes, input, padding } = inputs as Tables;
  return { genes, input, padding };
}

function teacherOf(inputs: Tensors): Prediction {
  const given = inputs as Tables;
  return {
    mlm: given["teacher.mlm"],
    mvc: given["teacher.mvc"],
    cells: given["teacher.cells"],
  };
}
