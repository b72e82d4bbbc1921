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
import { RunError } from "../core/errors.ts";
import { learningFeeds, lessonFeeds, type Rows, shareOf, tokenFeeds } from "../core/model/feeds.ts";
import { type Engine, layoutOf, type State } from "../core/model/program.ts";
import { derive, type Key } from "../core/random.ts";
import type { TokenBatch } from "../core/tokens.ts";
import { firstNotFinite } from "./engine/diagnose.ts";
import { programsOf } from "./engine/programs.ts";
import type { Lesson } from "./lesson.ts";
import { type Pace, paceOf } from "./experiment/pace.ts";

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
  /** Begins a stage: Adam starts anew and, given a distiller, a copy of the model turns teacher. */
  enter(distiller?: Distiller): { close(): void };
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
  /** A new model with the first weights that `key` names. */
  begin(key: Key): Model;
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
}

/** Adam as the papers use it. */
const BETA1 = 0.9, BETA2 = 0.999;
/** Predictions are made without noise: their key is never looked at. */
const NO_NOISE: Key = [0, 0];

/** Makes models of one architecture on one engine. */
export function learner({ engine, architecture, shape, cells }: Workshop): Learner {
  const layout = layoutOf(architecture.weights);
  const programs = programsOf({ engine, architecture, layout, shape });

  function begin(key: Key): Model {
    return model("training", () => {
      const weights = new Float32Array(layout.size);
      fillWeights(weights, layout, architecture.weights, key);
      return Promise.resolve(weights);
    });
  }

  function model(use: State["use"], first: () => Promise<Float32Array>): Model {
    const state = engine.allocate(layout, use);
    let teacher: State | undefined, distiller: Distiller | undefined;
    let busy: Promise<unknown> = Promise.resolve();
    let ready = queued(async () => await state.write("weights", await first()));

    /** One thing after the other; whoever closes the model waits for it. */
    function queued<A>(work: () => Promise<A>): Promise<A> {
      const result = busy.then(work);
      busy = result.catch(() => {});
      return result;
    }
    /** What is asked for once the model is ready; if that failed, so does everything after it. */
    const then = <A>(work: () => Promise<A>): Promise<A> =>
      queued(async () => {
        await ready;
        return await work();
      });

    async function enter(next: Distiller | undefined, student: State | undefined): Promise<void> {
      const zeros = new Float32Array(layout.size);
      for (const buffer of ["gradients", "firstMoment", "secondMoment"] as const) {
        await state.write(buffer, zeros);
      }
      if (student) await student.write("weights", await state.read("weights"));
      [distiller, teacher] = [next, student];
    }
    async function learn(lessons: readonly Lesson[], { step, rate, key }: Step) {
      const outcome = { cells: 0, loss: 0 };
      for (const [i, lesson] of lessons.entries()) {
        const loss = await backward(lesson, { step, key: derive(key, i) });
        if (i === 0) outcome.loss = loss;
        outcome.cells += lesson.tokens.cells.length;
      }
      const adam = { rate, step: step + 1, beta1: BETA1, beta2: BETA2 };
      await engine.optimise(state, adam).catch((error) => {
        throw error instanceof RunError ? diverged(step, error.message) : error;
      });
      return outcome;
    }
    /** Adds the gradient of one lesson and returns its loss. */
    async function backward(
      { tokens, lecture }: Lesson,
      { step, key }: Pick<Step, "step" | "key">,
    ): Promise<number> {
      const heard = lecture && distiller && teacher ? { distiller, teacher, lecture } : undefined;
      const share = shareOf(tokens.masked);
      const taught = heard && {
        ...await predict(heard.teacher, heard.lecture.tokens),
        kept: shareOf(heard.lecture.selected),
      };
      let total = 0;
      for (const rows of parts(tokens)) {
        const { program, compiled } = await programs(heard?.distiller ?? "learn", rows.cells);
        const feeds = {
          ...learningFeeds(tokens, share, rows),
          ...(taught ? lessonFeeds(taught, tokens, rows) : {}),
        };
        const noise = derive(key, rows.from);
        const { loss } = await compiled.run(state, feeds, noise);
        if (!Number.isFinite(loss[0])) {
          const where = await firstNotFinite(engine, { program, state, feeds, key: noise });
          throw diverged(step, `the loss is ${loss[0]}${where ? `, first seen in ${where}` : ""}`);
        }
        total += loss[0];
      }
      return total;
    }
    return {
      enter(next) {
        const student = next === undefined ? undefined : engine.allocate(layout, "inference");
        ready = then(() => enter(next, student));
        ready.catch(() => {});
        return { close: () => void busy.finally(() => student?.close()) };
      },
      learn: (lessons, step) => then(() => learn(lessons, step)),
      predict: (tokens) => then(() => predict(state, tokens)),
      copy() {
        const weights = then(() => state.read("weights"));
        weights.catch(() => {});
        return model("training", () => weights);
      },
      weights: () => then(() => state.read("weights")),
      close: () => void busy.finally(() => state.close()),
    };
  }
  /** What the model of a state says about a batch of any size. */
  async function predict(state: State, tokens: TokenBatch): Promise<Predicted> {
    const all = tokens.cells.length, { length } = tokens, { width } = architecture;
    const widths = { mlm: length, mvc: length, cells: width };
    const said = {
      mlm: new Float32Array(all * length),
      mvc: new Float32Array(all * length),
      cells: new Float32Array(all * width),
    };
    const { compiled } = await programs("predict", cells);
    for (let from = 0; from < all; from += cells) {
      const part = await compiled.run(state, tokenFeeds(tokens, { from, cells }), NO_NOISE);
      const count = Math.min(cells, all - from);
      for (const name of ["mlm", "mvc", "cells"] as const) {
        const rows = (part[name] as Float32Array).subarray(0, count * widths[name]);
        said[name].set(rows, from * widths[name]);
      }
    }
    return said;
  }
  /**
   * The batch in parts that one run takes. Where cells are treated alone, the last one is filled up
   * with rows that count nothing; rows of nothing would count in the statistics of a batch.
   */
  function parts(tokens: TokenBatch): readonly Rows[] {
    const all = tokens.cells.length;
    return Array.from({ length: Math.ceil(all / cells) }, (_, i) => ({
      from: i * cells,
      cells: architecture.mixes === "batch" ? Math.min(cells, all - i * cells) : cells,
    }));
  }
  return { begin, pace: () => paceOf(begin([0, 0]), cells, shape) };
}

/** Learns from all lessons of a step at once. */
export function learn(model: Model, step: Step): OperatorFunction<Lesson[], StepOutcome> {
  return concatMap((lessons) => model.learn(lessons, step));
}

function diverged(step: number, reason: string): RunError {
  return new RunError({
    message: `Cannot go on after step ${step}: ${reason.replace(/^Cannot optimise: /, "")}; ` +
      `a lower learning rate, a longer warm-up or a look at the values of the atlas may help`,
  });
}
