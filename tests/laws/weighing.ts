/**
 * A loss that looks at every number that a model gives.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { Architecture } from "../../core/model/architecture.ts";
import { type BatchShape, predictingProgram } from "../../core/model/objective.ts";
import type { Arrays, Program, TensorSpec } from "../../core/model/program.ts";
import { derive, type Key, stream } from "../../core/random.ts";
import type { TokenBatch } from "../../core/tokens.ts";

/** A program that learns the sum of some outputs of a model, each number times a factor that is fed. */
export function weighing(
  architecture: Architecture,
  shape: BatchShape,
  outputs: readonly ("mlm" | "mvc" | "cells")[],
): Program {
  const { apply, inputs } = predictingProgram(architecture, shape);
  const widths = { mlm: shape.length, mvc: shape.length, cells: architecture.width };
  const factors = outputs.map((output): [string, TensorSpec] => [
    `${output}.factor`,
    { shape: [shape.cells, widths[output]], dtype: "float32" },
  ]);
  return {
    name: `weigh ${outputs.join(" and ")}`,
    purpose: "learn",
    inputs: { ...inputs, ...Object.fromEntries(factors) },
    apply(weights, fed, noise) {
      const said = apply(weights, fed, noise);
      const sums = outputs.map((output) => tf.sum(tf.mul(said[output], fed[`${output}.factor`])));
      return { loss: tf.addN(sums) };
    },
  };
}

/** Any factors for `weighing`, 0 where the row is padded. */
export function factorsOf({ inputs }: Program, { padding }: TokenBatch, key: Key): Arrays {
  const factors = Object.entries(inputs).filter(([name]) => name.endsWith(".factor"));
  return Object.fromEntries(factors.map(([name, { shape: [cells, width] }]) => {
    const random = stream(derive(key, name));
    const drawn = Float32Array.from({ length: cells * width }, () => random.normal());
    return [name, name.startsWith("cells") ? drawn : drawn.map((f, p) => f * (1 - padding[p]))];
  }));
}
