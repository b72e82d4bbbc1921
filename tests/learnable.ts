/**
 * A small task that can be learned, and how the loss falls on it: what PyTorch was given for
 * `fixtures/curves`.
 *
 * @module
 */

import { type Architecture, fillWeights } from "../core/model/architecture.ts";
import { learningFeeds, shareOf } from "../core/model/feeds.ts";
import { learningProgram } from "../core/model/objective.ts";
import { type Engine, type Layout, layoutOf, type State } from "../core/model/program.ts";
import { derive, type Key, keyOf, stream } from "../core/random.ts";
import { clsId, paddingRows, type TokenBatch } from "../core/tokens.ts";
import { transformer } from "../plugins/mod.ts";

/** Sizes of the task and of the model that learns it. */
export const TASK = {
  genes: 60,
  length: 32,
  cells: 8,
  steps: 200,
  rate: 1e-3,
  layers: 2,
  width: 32,
  heads: 4,
  feedForward: 64,
  dropout: 0,
} as const;

/** Seeds of the stored curves. */
export const SEEDS = [1, 2, 3] as const;

/** Seeds of the stored errors of gradients. */
export const MANY_SEEDS = Array.from({ length: 128 }, (_, i) => i + 1);

/** The model. */
export function learnerOf(): Architecture {
  const { genes, length, layers, width, heads, feedForward, dropout } = TASK;
  const config = { layers, width, heads, feedForward, dropout, embedding: width };
  return transformer(config)({ genes, length });
}

/** Its first weights for a seed. */
export function firstWeights(seed: number, architecture: Architecture, layout: Layout) {
  const weights = new Float32Array(layout.size);
  fillWeights(weights, layout, architecture.weights, derive(keyOf(seed), "weights"));
  return weights;
}

/**
 * The cells of a step: each has a hidden number, each gene its level and its part in that number, and
 * the value of a gene in a cell follows from both. Every fourth cell ends in padding; a third of the
 * values is masked.
 */
export function learnableTokens(seed: number, step: number): TokenBatch {
  const { genes, length, cells } = TASK, key = keyOf(seed);
  const levels = normals(derive(key, "levels"), genes),
    parts = normals(derive(key, "parts"), genes);
  const random = stream(derive(key, "cells", step));
  const batch = paddingRows(Uint32Array.from({ length: cells }, (_, i) => i), { length, genes });
  for (let cell = 0; cell < cells; cell++) {
    const filled = cell % 4 === 3 ? length / 2 + 3 : length, hidden = random.normal();
    for (let position = 0; position < filled; position++) {
      const at = cell * length + position, gene = random.below(genes);
      const value = Math.log1p(Math.exp(levels[gene] + hidden * parts[gene]));
      const masked = position > 0 && random.uniform() < 1 / 3;
      batch.genes[at] = position === 0 ? clsId(genes) : gene;
      batch.target[at] = position === 0 ? 0 : value;
      batch.input[at] = position === 0 ? 0 : masked ? -1 : value;
      batch.padding[at] = 0;
      batch.masked[at] = masked ? 1 : 0;
    }
  }
  return batch;
}

function normals(key: Key, count: number): number[] {
  const random = stream(key);
  return Array.from({ length: count }, () => random.normal());
}

/** The loss of each step. */
export async function curveOf(engine: Engine, seed: number): Promise<number[]> {
  const learner = await learnerOn(engine),
    state = await learner.stateOf(seed),
    losses: number[] = [];
  for (let step = 1; step <= TASK.steps; step++) {
    losses.push(await learner.run(state, seed, step));
    await engine.optimise(state, { rate: TASK.rate, step, beta1: 0.9, beta2: 0.999 });
  }
  state.close();
  learner.close();
  return losses;
}

/** All gradients of the first step, flat, seed by seed. */
export async function firstGradients(
  engine: Engine,
  seeds: readonly number[],
): Promise<Float32Array[]> {
  const learner = await learnerOn(engine), gradients: Float32Array[] = [];
  for (const seed of seeds) {
    const state = await learner.stateOf(seed);
    await learner.run(state, seed, 1);
    gradients.push(await state.read("gradients"));
    state.close();
  }
  learner.close();
  return gradients;
}

/** The model, compiled, with what a seed begins with and what a step feeds. */
async function learnerOn(engine: Engine) {
  const architecture = learnerOf(), layout = layoutOf(architecture.weights);
  const { cells, length } = TASK, program = learningProgram(architecture, { cells, length });
  const compiled = await engine.compile(program, layout);
  return {
    close: compiled.close,
    async stateOf(seed: number): Promise<State> {
      const state = engine.allocate(layout, "training");
      await state.write("weights", firstWeights(seed, architecture, layout));
      return state;
    },
    /** The loss of a step. */
    async run(state: State, seed: number, step: number): Promise<number> {
      const tokens = learnableTokens(seed, step);
      const feeds = learningFeeds(tokens, shareOf(tokens.masked), { from: 0, cells });
      const { loss } = await compiled.run(state, feeds, keyOf(seed));
      return loss[0];
    },
  };
}
