/**
 * The main path, top to bottom: read, reveal, transform, replay, sample, mask, distil, learn, judge.
 *
 * Read this file first. With every seed the base stage and the first gene stage are trained once,
 * since no method differs before there is something to forget; then every method goes its own way
 * on a copy of the model. Replay stands before the sampler, so that a remembered cell shows other
 * genes each time it comes back.
 *
 * @module
 */

import {
  concat,
  concatMap,
  defer,
  EMPTY,
  finalize,
  from,
  map,
  merge,
  type Observable,
  of,
  toArray,
} from "rxjs";
import type { RunEvent } from "../core/events.ts";
import { derive, type Key, keyOf } from "../core/random.ts";
import type { Replay } from "../core/replay.ts";
import { type Course, jointCourse, stageCourse } from "./course.ts";
import { judge } from "./judge.ts";
import { learn, type Learner, type Model } from "./learner.ts";
import { distil } from "./lesson.ts";
import { mask } from "./mask.ts";
import { paced } from "./paced.ts";
import { remember, replayed } from "./replayed.ts";
import { reveal } from "./reveal.ts";
import { type MethodPlan, type Place, type Run, transformed } from "./run.ts";
import { sample } from "./sample.ts";
import { turns } from "./turns.ts";

/**
 * Trains every method with every seed, stage by stage, and judges it after each gene stage. Every
 * learner takes one seed after the other; what a seed comes to does not depend on who takes it.
 */
export function walk(run: Run): Observable<RunEvent> {
  const { learners, seeds } = run;
  return merge(
    ...learners.map((learner, lane) =>
      from(seeds.filter((_, i) => i % learners.length === lane)).pipe(
        concatMap((seed) => walkSeed(run, learner, seed)),
      )
    ),
  );
}

function walkSeed(run: Run, learner: Learner, seed: number): Observable<RunEvent> {
  const { curriculum, training, methods } = run;
  const key = keyOf(seed), last = curriculum.stages.length - 1;
  const joint = methods.filter(({ stages }) => stages === "joint");
  const sequential = methods.filter(({ stages }) => stages === "sequential");
  const stage = (index: number) => stageCourse(curriculum, training, index);

  return holding(() => learner.begin(derive(key, "weights")), (trunk) =>
    concat(
      train(run, { seed, model: trunk, course: stage(0), methods }),
      ...joint.map((method) =>
        holding(() => trunk.copy(), (model) =>
          concat(
            train(run, {
              seed,
              model,
              course: jointCourse(curriculum, training),
              methods: [method],
            }),
            judge(run, { seed, model, after: last, methods: [method] }),
          ))
      ),
      ...(sequential.length === 0 ? [] : [
        train(run, { seed, model: trunk, course: stage(1), methods: sequential }),
        judge(run, { seed, model: trunk, after: 1, methods: sequential }),
      ]),
      ...sequential.map((method) =>
        holding(() => trunk.copy(), (model) => {
          const memory = method.replay?.(derive(key, "replay"));
          return concat(
            ...curriculum.stages.slice(2).flatMap(({ index }) => [
              remember(reread(run, stage(index - 1)), memory, index - 1),
              train(run, { seed, model, course: stage(index), methods: [method], memory }),
              judge(run, { seed, model, after: index, methods: [method] }),
            ]),
          );
        })
      ),
    ));
}

/** One training: on which model, of which course, for which methods. */
interface Training {
  readonly seed: number;
  readonly model: Model;
  readonly course: Course;
  readonly methods: readonly MethodPlan[];
  readonly memory?: Replay | undefined;
}

/** Every batch of the course goes through the whole pipe before the next one is read. */
function train(run: Run, { seed, model, course, methods, memory }: Training): Observable<RunEvent> {
  if (course.steps === 0) return EMPTY;
  const { source, curriculum, training: { batch }, sampler, length } = run;
  const { stage, steps } = course, genes = curriculum.rank.length;
  const place: Place = { methods: methods.map(({ name }) => name), seed, stage: stage.index };
  // Before the second gene stage there is no stage to hold on to.
  const distiller = stage.index > 1 ? methods[0].distiller : undefined;
  const key: Key = derive(keyOf(seed), "train", stage.index, course.epochs);

  const lessons = () =>
    paced(turns(source, course, { batch, key }), ({ cells, step, key }) =>
      of(cells).pipe(
        reveal(curriculum, course.view),
        transformed(run),
        replayed(memory, course, { step, batch }),
        sample(sampler, { length, genes, key: derive(key, "sample") }),
        mask(run.mask, derive(key, "mask")),
        distil(distiller, stage, curriculum),
        toArray(),
        learn(model, { step, key: derive(key, "dropout"), rate: rateAt(run, stage.index, step) }),
        map((outcome) => ({ type: "step" as const, ...place, step: step + 1, ...outcome })),
      ));

  return concat(
    of({ type: "stage" as const, ...place, steps }),
    holding(() => model.enter(distiller), () => defer(lessons)),
    kept(run, model, place),
  );
}

/** Keeps what the model has become. */
function kept({ keep }: Run, model: Model, place: Place): Observable<RunEvent> {
  if (keep === undefined) return EMPTY;
  return defer(async () => await keep(await model.weights(), place)).pipe(
    map((file) => ({ type: "saved" as const, ...place, file })),
  );
}

/** The cells of a course once more, as the model saw them, in stored order. */
function reread({ source, curriculum, training: { batch }, ...run }: Run, course: Course) {
  const cells = source.read({ batch, order: "stored", keep: course.keep });
  return paced(cells, (batch) => of(batch).pipe(reveal(curriculum, course.view), transformed(run)));
}

/** The learning rate of a step: it rises from 0 in the first stage that has cells. */
function rateAt({ training, curriculum }: Run, stage: number, step: number): number {
  const first = curriculum.partition.size(0) > 0 ? 0 : 1;
  if (stage !== first || training.warmup === 0) return training.rate;
  return training.rate * Math.min(1, step / training.warmup);
}

/** Keeps something open for as long as a path is followed. */
function holding<A extends { close(): void }>(
  open: () => A,
  path: (held: A) => Observable<RunEvent>,
): Observable<RunEvent> {
  return defer(() => {
    const held = open();
    return path(held).pipe(finalize(() => held.close()));
  });
}
