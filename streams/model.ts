/**
 * A model on an engine: its numbers, one thing after the other.
 *
 * @module
 */

import type { Distiller } from "../core/distiller.ts";
import { RunError } from "../core/errors.ts";
import type { Architecture } from "../core/model/architecture.ts";
import { learningFeeds, lessonFeeds, type Rows, shareOf, tokenFeeds } from "../core/model/feeds.ts";
import type { Engine, Layout, State } from "../core/model/program.ts";
import { derive, type Key } from "../core/random.ts";
import type { TokenBatch } from "../core/tokens.ts";
import type { Training } from "./checkpoint/bookmark.ts";
import { firstNotFinite } from "./engine/diagnose.ts";
import type { Programs } from "./engine/programs.ts";
import { queue } from "./engine/queue.ts";
import type { Model, Predicted, Step } from "./learner.ts";
import type { Lesson } from "./lesson.ts";

/** What models of one architecture share. */
export interface Workbench {
  readonly engine: Engine;
  readonly architecture: Architecture;
  readonly layout: Layout;
  readonly programs: Programs;
  /** Cells that one run of a program takes. */
  readonly cells: number;
}

/** Adam as the papers use it. */
const BETA1 = 0.9, BETA2 = 0.999;
/** Predictions are made without noise: their key is never looked at. */
const NO_NOISE: Key = [0, 0];

/** The model of the stage before, and how it is listened to. */
interface Tutor {
  readonly distiller: Distiller;
  readonly teacher: State;
}

/** A model that begins with the weights that `first` finds. */
export function modelOf(bench: Workbench, first: () => Promise<Float32Array>): Model {
  const { engine, layout } = bench, enqueue = queue();
  const state = engine.allocate(layout, "training");
  let tutor: Tutor | undefined;
  let ready = enqueue(async () => await state.write("weights", await first()));

  /** What is asked for once the model is ready; if that failed, so does everything after it. */
  function then<A>(work: () => Promise<A>): Promise<A> {
    const before = ready;
    return enqueue(async () => {
      await before;
      return await work();
    });
  }
  async function enter(next: Tutor | undefined, training: Training | undefined): Promise<void> {
    const zeros = new Float32Array(layout.size);
    await state.write("gradients", zeros);
    await state.write("firstMoment", training?.firstMoment ?? zeros);
    await state.write("secondMoment", training?.secondMoment ?? zeros);
    await next?.teacher.write("weights", training?.teacher ?? await state.read("weights"));
    tutor = next;
  }
  const training = async (): Promise<Training> => ({
    firstMoment: await state.read("firstMoment"),
    secondMoment: await state.read("secondMoment"),
    teacher: await tutor?.teacher.read("weights"),
  });
  async function learn(lessons: readonly Lesson[], { step, rate, key }: Step) {
    const outcome = { cells: 0, loss: 0 };
    for (const [i, lesson] of lessons.entries()) {
      const loss = await backward(bench, { state, tutor, step, key: derive(key, i) }, lesson);
      if (i === 0) outcome.loss = loss;
      outcome.cells += lesson.tokens.cells.length;
    }
    const adam = { rate, step: step + 1, beta1: BETA1, beta2: BETA2 };
    await engine.optimise(state, adam).catch((error) => {
      throw error instanceof RunError ? diverged({ step, tutor }, error.message) : error;
    });
    return outcome;
  }
  return {
    enter(distiller, training) {
      const next = distiller && { distiller, teacher: engine.allocate(layout, "inference") };
      ready = then(() => enter(next, training));
      return { close: () => void enqueue(() => next?.teacher.close()) };
    },
    training: () => then(training),
    learn: (lessons, step) => then(() => learn(lessons, step)),
    predict: (tokens) => then(() => predict(bench, state, tokens)),
    copy() {
      const weights = then(() => state.read("weights"));
      return modelOf(bench, () => weights);
    },
    weights: () => then(() => state.read("weights")),
    close: () => void enqueue(() => state.close()),
  };
}

/** Where a lesson is heard: by whom, and when. */
interface Sitting extends Pick<Step, "step" | "key"> {
  readonly state: State;
  readonly tutor: Tutor | undefined;
}

/** Adds the gradient of one lesson and returns its loss. */
async function backward(
  bench: Workbench,
  { state, tutor, step, key }: Sitting,
  { tokens, lecture }: Lesson,
): Promise<number> {
  const heard = lecture && tutor && { ...tutor, lecture }, share = shareOf(tokens.masked);
  const taught = heard && {
    ...await predict(bench, heard.teacher, heard.lecture.tokens),
    kept: shareOf(heard.lecture.selected),
  };
  let total = 0;
  for (const rows of partsOf(bench, tokens)) {
    const { program, compiled } = await bench.programs(heard?.distiller ?? "learn", rows.cells);
    const feeds = {
      ...learningFeeds(tokens, share, rows),
      ...(taught ? lessonFeeds(taught, tokens, rows) : {}),
    };
    const draw = { key: derive(key, 0), ...rows };
    const { loss } = await compiled.run(state, feeds, draw);
    if (!Number.isFinite(loss[0])) {
      const where = await firstNotFinite(bench.engine, { program, state, feeds, draw });
      throw diverged(
        { step, tutor },
        `the loss is ${loss[0]}${where ? `, first seen in ${where}` : ""}`,
      );
    }
    total += loss[0];
  }
  return total;
}

/** What the model of a state says about a batch of any size. */
async function predict(
  { architecture, programs, cells }: Workbench,
  state: State,
  tokens: TokenBatch,
): Promise<Predicted> {
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
function partsOf({ architecture, cells }: Workbench, tokens: TokenBatch): readonly Rows[] {
  const all = tokens.cells.length;
  return Array.from({ length: Math.ceil(all / cells) }, (_, i) => ({
    from: i * cells,
    cells: architecture.mixes === "batch" ? Math.min(cells, all - i * cells) : cells,
  }));
}

function diverged({ step, tutor }: Pick<Sitting, "step" | "tutor">, reason: string): RunError {
  return new RunError({
    message: `Cannot go on after step ${step}: ${reason.replace(/^Cannot optimise: /, "")}; ` +
      `a lower learning rate, a longer warm-up or a look at the values of the atlas ` +
      `${tutor ? "and at the distiller's penalty " : ""}may help`,
  });
}
