/**
 * The main path, top to bottom: read, reveal, transform, replay, sample, mask, distil, learn, judge.
 *
 * Read this file first. `legs.ts` says what a seed goes through and `traveller.ts` what it carries.
 * Replay stands before the sampler, so that a remembered cell shows other genes each time it comes
 * back.
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
  ignoreElements,
  map,
  merge,
  type Observable,
  of,
  tap,
  toArray,
} from "rxjs";
import type { RunEvent } from "../core/events.ts";
import { derive, type Key, keyOf } from "../core/random.ts";
import type { Replay } from "../core/replay.ts";
import { ahead } from "./ahead.ts";
import type { Bookmark } from "./checkpoint/bookmark.ts";
import type { Course } from "./course.ts";
import { filled } from "./filled.ts";
import { abandoned, endWhereHalted, haltWhereStopped, toldToStop } from "./halt.ts";
import { judge } from "./judge.ts";
import { learn, type Learner, type Model } from "./learner.ts";
import { type Leg, legsOf } from "./legs.ts";
import { distil } from "./lesson.ts";
import { mask } from "./mask.ts";
import { paced } from "./paced.ts";
import { remember, replayed } from "./replayed.ts";
import { reveal } from "./reveal.ts";
import { type Place, type Run, transformed } from "./run.ts";
import { sample } from "./sample.ts";
import { type Traveller, travellerOf } from "./traveller.ts";
import { turns } from "./turns.ts";

/**
 * Trains every method with every seed, stage by stage, and judges it after each gene stage. Every
 * learner takes one seed after the other; what a seed comes to does not depend on who takes it, nor on
 * where it was stopped and went on.
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

/** A seed leg by leg, from its bookmark on; after each it is kept, or told to halt. */
function walkSeed(run: Run, learner: Learner, seed: number): Observable<RunEvent> {
  const legs = legsOf(run), { keeper } = run, found = keeper?.found(seed);
  return holding(() => travellerOf({ seed, legs, learner, found }), (traveller) =>
    concat(
      haltWhereStopped(keeper),
      ...legs.slice(traveller.first).map((leg, i) =>
        defer(() => {
          const number = traveller.first + i, made = i === 0 ? traveller.made : 0;
          return concat(
            go(run, traveller, { leg, number, made }).pipe(tap(traveller.told)),
            keptAt(run, traveller, { leg: number + 1, step: 0 }),
            haltWhereStopped(keeper),
          );
        })
      ),
    )).pipe(endWhereHalted());
}

/** A leg, and how much of it has been done. */
interface Going {
  readonly leg: Leg;
  /** Its place in the plan. */
  readonly number: number;
  /** Steps that were made before. */
  readonly made: number;
}

function go(run: Run, traveller: Traveller, { leg, number, made }: Going): Observable<RunEvent> {
  const { seed } = traveller, { keeper } = run;
  switch (leg.does) {
    case "train":
      return train(run, traveller, { ...leg, number, made });
    case "judge":
      return abandoned(keeper, judge(run, { ...leg, seed, model: traveller.model(leg.on) }));
    case "branch":
      traveller.branch(leg.method);
      return EMPTY;
    case "remember":
      return abandoned(
        keeper,
        remember(reread(run, leg.course), traveller.memory(), leg.course.stage.index),
      );
  }
}

/** One training: on which model, of which course, for which methods. */
type Training = Extract<Leg, { does: "train" }> & Omit<Going, "leg">;

/** While a step is made of one batch of the course, the next one is read and made into lessons. */
function train(run: Run, traveller: Traveller, training: Training): Observable<RunEvent> {
  const { course, methods, number, made } = training, { stage, steps } = course;
  if (steps === 0) return EMPTY;
  const { source, curriculum, training: { batch }, sampler, length, keeper } = run;
  const { seed } = traveller, model = traveller.model(training.on), memory = traveller.memory();
  const genes = curriculum.rank.length;
  const place: Place = { methods: methods.map(({ name }) => name), seed, stage: stage.index };
  // Before the second gene stage there is no stage to hold on to.
  const distiller = stage.index > 1 ? methods[0].distiller : undefined;
  const key: Key = derive(keyOf(seed), "train", stage.index, course.epochs);

  const lessons = ahead(
    turns(source, course, { batch, key, made }),
    ({ cells, step, key }) =>
      of(cells).pipe(
        reveal(curriculum, course.view),
        transformed(run),
        replayed(memory, course, { step, batch }),
        sample(sampler, { length, genes, key: derive(key, "sample") }),
        mask(run.mask, derive(key, "mask")),
        distil(distiller, stage, curriculum),
        toArray(),
        map((lessons) => ({ lessons, step, key: derive(key, "dropout") })),
      ),
  );
  let done = made;
  // Nothing is kept before a step is done: its stage would be told of twice.
  const keptHere = defer(() =>
    done > made ? keptAt(run, traveller, { leg: number, step: done }) : EMPTY
  );
  const learning = paced(lessons, ({ lessons, step, key }) =>
    concat(
      of(lessons).pipe(
        learn(model, { step, key, rate: rateAt(run, training, step) }),
        tap(() => done = step + 1),
        map((outcome) => ({ type: "step" as const, ...place, step: done, ...outcome })),
      ),
      defer(() => keeper?.isDue(seed) ? keptHere : EMPTY),
    ), toldToStop(keeper));

  const resumed = made > 0 ? traveller.training : undefined;
  return concat(
    made > 0 ? EMPTY : of({ type: "stage" as const, ...place, steps }),
    holding(
      () => model.enter(distiller, resumed),
      () => concat(learning, haltWhereStopped(keeper, keptHere)),
    ),
    kept(run, place, { model, memory }),
  );
}

/** Keeps where a seed is; tells nobody. */
function keptAt(
  { keeper }: Run,
  traveller: Traveller,
  { leg, step }: Pick<Bookmark, "leg" | "step">,
): Observable<never> {
  if (keeper === undefined) return EMPTY;
  return defer(async () => await keeper.keep(await traveller.bookmark(leg, step))).pipe(
    ignoreElements(),
  );
}

/** Keeps what the model has become, and what is remembered beside it. */
function kept(
  { keep }: Run,
  place: Place,
  { model, memory }: { readonly model: Model; readonly memory: Replay | undefined },
): Observable<RunEvent> {
  if (keep === undefined) return EMPTY;
  return defer(async () => await keep(await model.weights(), place, memory?.save())).pipe(
    map((file) => ({ type: "saved" as const, ...place, file })),
  );
}

/** The cells of a course once more, as the model saw them, in stored order. */
function reread({ source, curriculum, training: { batch }, ...run }: Run, course: Course) {
  const { keep, genes } = course;
  const cells = filled(source.read({ batch, order: "stored", keep, genes }));
  return paced(cells, (batch) => of(batch).pipe(reveal(curriculum, course.view), transformed(run)));
}

/** The learning rate of a step: it rises from 0 in the first training of a model that has cells. */
function rateAt(
  { training: { rate, warmup }, curriculum }: Run,
  { course: { stage }, methods: [{ stages }] }: Training,
  step: number,
): number {
  const first = curriculum.partition.size(0) > 0 ? 0 : stages === "joint" ? stage.index : 1;
  return stage.index !== first || warmup === 0 ? rate : rate * Math.min(1, step / warmup);
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
