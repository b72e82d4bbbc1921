/**
 * A few training steps on made-up cells: how engines are compared and how fast they are.
 *
 * @module
 */

import { type Architecture, fillWeights, type Shape } from "../../core/model/architecture.ts";
import { learningFeeds, shareOf } from "../../core/model/feeds.ts";
import { learningProgram } from "../../core/model/objective.ts";
import { type Engine, layoutOf } from "../../core/model/program.ts";
import { derive, type Key, stream } from "../../core/random.ts";
import { clsId, paddingRows, type TokenBatch } from "../../core/tokens.ts";

/** Largest difference of gradients that rounding explains, as a share of their size. */
export const ALLOWED = { fp32: 1e-4, bf16: 0.05 } as const;

/** What is rehearsed. */
export interface Part {
  readonly architecture: Architecture;
  readonly shape: Shape;
  /** Cells of a batch. */
  readonly cells: number;
  /** Key of weights, cells and dropout. */
  readonly key: Key;
}

/** What came of it. */
export interface Rehearsed {
  /** Loss of each step. */
  readonly losses: readonly number[];
  /** All gradients of each step, flat. */
  readonly gradients: readonly Float32Array[];
}

/** Trains `steps` steps of Adam at rate 0.001. */
export async function rehearse(
  engine: Engine,
  { architecture, shape, cells, key }: Part,
  steps: number,
): Promise<Rehearsed> {
  const layout = layoutOf(architecture.weights), state = engine.allocate(layout, "training");
  const weights = new Float32Array(layout.size);
  fillWeights(weights, layout, architecture.weights, derive(key, "weights"));
  const program = learningProgram(architecture, { cells, length: shape.length });
  const compiled = await engine.compile(program, layout);
  const losses: number[] = [], gradients: Float32Array[] = [];
  try {
    await state.write("weights", weights);
    for (let step = 1; step <= steps; step++) {
      const tokens = madeUpTokens(shape, cells, derive(key, "cells", step));
      const feeds = learningFeeds(tokens, shareOf(tokens.masked), { from: 0, cells });
      const { loss } = await compiled.run(state, feeds, derive(key, "dropout", step));
      losses.push(loss[0]);
      gradients.push(await state.read("gradients"));
      await engine.optimise(state, { rate: 1e-3, step, beta1: 0.9, beta2: 0.999 });
    }
  } finally {
    compiled.close();
    state.close();
  }
  return { losses, gradients };
}

/**
 * Made-up cells: genes at random behind the cell token, values as counts are after log1p, two fifths
 * masked. Every second cell ends in padding; the second has one gene.
 */
export function madeUpTokens({ genes, length }: Shape, cells: number, key: Key): TokenBatch {
  const random = stream(key);
  const batch = paddingRows(Uint32Array.from({ length: cells }, (_, i) => i), { length, genes });
  for (let cell = 0; cell < cells; cell++) {
    const filled = cell % 2 === 0 ? length : cell === 1 ? 2 : 1 + random.below(length - 1);
    for (let position = 0; position < filled; position++) {
      const at = cell * length + position, value = Math.log1p(Math.ceil(3 * random.exponential()));
      const isToken = position === 0, masked = !isToken && random.uniform() < 0.4;
      batch.genes[at] = isToken ? clsId(genes) : random.below(genes);
      batch.target[at] = isToken ? 0 : value;
      batch.input[at] = isToken ? 0 : masked ? -1 : value;
      batch.padding[at] = 0;
      batch.masked[at] = masked ? 1 : 0;
    }
  }
  return batch;
}

/** The size of the difference of two vectors as a share of the size of the second. */
export function difference(actual: Float32Array, expected: Float32Array): number {
  let apart = 0, size = 0;
  for (let i = 0; i < expected.length; i++) {
    apart += (actual[i] - expected[i]) ** 2;
    size += expected[i] ** 2;
  }
  return Math.sqrt(apart / size);
}
