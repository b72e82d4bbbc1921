/**
 * Models on an engine: weights that learn, predict, are copied and listened to.
 *
 * Programs are compiled when first needed, for batches of at most `cells` cells; a larger batch is
 * worked off in parts whose gradients add up to exactly the gradient of the whole.
 *
 * @module
 */

import { concatMap, type OperatorFunction } from "rxjs";
import { type Architecture, fillWeights, type Shape } from "../core/model/architecture.ts";
import type { Distiller } from "../core/distiller.ts";
import { type Engine, layoutOf } from "../core/model/program.ts";
import type { Key } from "../core/random.ts";
import type { TokenBatch } from "../core/tokens.ts";
import { programsOf } from "./engine/programs.ts";
import type { Training } from "./checkpoint/bookmark.ts";
import type { Lesson } from "./lesson.ts";
import { type Pace, paceOf } from "./experiment/pace.ts";
import { modelOf } from "./model.ts";

/** What a step is told. */
export interface Step {
  /** Steps of this training before this one. */
  readonly step: number;
  readonly rate: number;
  /** Key of the step's dropout. */
  readonly key: Key;
}

/** What a step comes to. */
export interface StepOutcome {
  /** Cells that the step learned from, remembered ones included. */
  readonly cells: number;
  /** Loss of the new batch, the teacher's penalty included. */
  readonly loss: number;
}

/** What a model says about a batch of tokens. */
export interface Predicted {
  /** Cells × positions. */
  readonly mlm: Float32Array;
  /** Cells × positions. */
  readonly mvc: Float32Array;
  /** Cells × width. */
  readonly cells: Float32Array;
}

/** One model. Closing waits for what is under way. */
export interface Model {
  /**
   * Begins a training: Adam starts anew and, given a distiller, a copy of the model turns teacher;
   * or goes on with one.
   */
  enter(distiller: Distiller | undefined, training?: Training): { close(): void };
  /** What the training that is under way needs beside the weights. */
  training(): Promise<Training>;
  /** One optimiser step on the sum of the lessons' losses. */
  learn(lessons: readonly Lesson[], step: Step): Promise<StepOutcome>;
  predict(tokens: TokenBatch): Promise<Predicted>;
  /** Another model with the same weights. */
  copy(): Model;
  /** The weights, flat, in the order of the architecture's; a copy. */
  weights(): Promise<Float32Array>;
  close(): void;
}

/** Makes models of one architecture on one engine. */
export interface Learner {
  /** A new model with the first weights that `key` names, or with those that all begin with. */
  begin(key: Key): Model;
  /** A model with these weights, flat, in the order of the architecture's. */
  hold(weights: Float32Array): Model;
  /** Seconds that a cell takes, measured on one step that nothing is learned from. */
  pace(): Promise<Pace>;
}

/** What a learner works with. */
export interface Workshop {
  readonly engine: Engine;
  readonly architecture: Architecture;
  readonly shape: Shape;
  /** Cells that one run of a compiled program takes. */
  readonly cells: number;
  /** Weights that every new model begins with, flat; each draws its own unless given. */
  readonly first?: Float32Array | undefined;
}

/** Makes models of one architecture on one engine. */
export function learner({ engine, architecture, shape, cells, first }: Workshop): Learner {
  const layout = layoutOf(architecture.weights);
  const programs = programsOf({ engine, architecture, layout, shape });
  const bench = { engine, architecture, layout, programs, cells };

  const hold = (weights: Float32Array) => modelOf(bench, () => Promise.resolve(weights));
  function begin(key: Key): Model {
    if (first !== undefined) return hold(first);
    const weights = new Float32Array(layout.size);
    fillWeights(weights, layout, architecture.weights, key);
    return hold(weights);
  }
  return { begin, hold, pace: () => paceOf(begin([0, 0]), cells, shape) };
}

/** Learns from all lessons of a step at once. */
export function learn(model: Model, step: Step): OperatorFunction<Lesson[], StepOutcome> {
  return concatMap((lessons) => model.learn(lessons, step));
}
