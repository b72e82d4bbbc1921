/**
 * Puts the evaluators' questions to a model.
 *
 * What is drawn for a question (genes, masks, splits) does not depend on seed, method or stage, so
 * that scores differ by what was learned and by nothing else.
 *
 * @module
 */

import { concatMap, from, map, type Observable, of, reduce } from "rxjs";
import { HELD_OUT, seenBy, shownBy, type Stage, type View } from "../core/curriculum.ts";
import { RunError } from "../core/errors.ts";
import type { Evaluator, Outcome, Question } from "../core/evaluator.ts";
import type { RunEvent } from "../core/events.ts";
import { derive, keyOf } from "../core/random.ts";
import type { TokenBatch } from "../core/tokens.ts";
import { ahead } from "./ahead.ts";
import { filled } from "./filled.ts";
import type { Model } from "./learner.ts";
import { mask } from "./mask.ts";
import { paced } from "./paced.ts";
import { reveal } from "./reveal.ts";
import { type DataSet, type JudgePlan, type MethodPlan, type Run, transformed } from "./run.ts";
import { sample } from "./sample.ts";

/** Who is judged, and when. */
export interface Judged {
  readonly seed: number;
  readonly model: Model;
  /** Stage that was trained last. */
  readonly after: number;
  /** Methods to which the scores belong. */
  readonly methods: readonly MethodPlan[];
}

/** Questions about some gene sets that one reading of some cells answers. */
export interface Hearing {
  readonly plan: JudgePlan;
  readonly trial: number;
  readonly sets: readonly Stage[];
  readonly view: View;
  /** The data set whose labelled cells are read; the held-out cells when undefined. */
  readonly dataSet: DataSet | undefined;
}

/** Asks every evaluator about every gene set it wants to know; emits scores. */
export function judge(run: Run, { seed, model, after, methods }: Judged): Observable<RunEvent> {
  return from(run.judges.flatMap((plan) => hearings(run, plan, after))).pipe(
    concatMap((hearing) =>
      answers(run, model, hearing).pipe(
        concatMap((values) =>
          methods.flatMap(({ name }) =>
            hearing.sets.map((set, i) => ({
              type: "score" as const,
              score: {
                method: name,
                seed,
                trial: hearing.trial,
                evaluator: hearing.plan.evaluator.name,
                set: set.name,
                own: set.index,
                after,
                value: values[i],
              },
            }))
          )
        ),
      )
    ),
  );
}

/** What is to be read after a stage, trial by trial. */
export function hearings(
  { curriculum, sets }: Pick<Run, "curriculum" | "sets">,
  plan: JudgePlan,
  after: number,
): Hearing[] {
  const { cells, visible, asks, trials } = plan.evaluator;
  const asked = curriculum.stages.slice(1, asks === "all" ? undefined : after + 1);
  const union = seenBy(curriculum, after);
  return Array.from({ length: trials }, (_, trial) => trial).flatMap((trial): Hearing[] =>
    cells === "held-out" && visible === "union"
      ? [{ plan, trial, sets: asked, view: union, dataSet: undefined }]
      : asked.map((set) => ({
        plan,
        trial,
        sets: [set],
        view: visible === "union" ? union : set,
        dataSet: cells === "labelled" ? sets[set.index - 1] : undefined,
      }))
  );
}

/** Reads the cells of a hearing once and folds what the model says; emits one value a set. */
function answers(run: Run, model: Model, hearing: Hearing): Observable<number[]> {
  const { curriculum, training: { batch }, length } = run, genes = curriculum.rank.length;
  const { plan: { evaluator, sampler }, trial, sets, view, dataSet } = hearing;
  const key = derive(keyOf(0), "judge", evaluator.name, trial);
  const questions = sets.map((set): Question => ({
    set,
    curriculum,
    classes: dataSet?.classes.length ?? 0,
    key: derive(key, "answer", set.name),
  }));

  const tokens = ahead(cellsOf(run, hearing, batch), (cells) =>
    of(cells).pipe(
      reveal(curriculum, view),
      transformed(run),
      sample(sampler, { length, genes, key: derive(key, "sample") }),
      mask(evaluator.mask, derive(key, "mask")),
    ));
  return paced(tokens, (tokens) => outcome(model, tokens, dataSet?.label ?? undefined))
    .pipe(
      reduce(
        (states, outcome: Outcome) =>
          states.map((state, i) => evaluator.add(state, outcome, questions[i])),
        questions.map((question) => evaluator.empty(question)),
      ),
      map((states) => states.map((state, i) => scoreOf(evaluator, state, questions[i]))),
    );
}

/** The score; refuses what is no number, of which no table could be made. */
function scoreOf(evaluator: Evaluator, state: unknown, question: Question): number {
  const value: unknown = evaluator.value(state, question);
  if (typeof value === "number") return value;
  const what = value instanceof Promise ? "a promise" : `of type ${typeof value}`;
  throw new RunError({
    message: `Cannot score "${evaluator.name}" of gene set "${question.set.name}": its value is ` +
      `${what}; let the evaluator's value() return a number, at once`,
  });
}

/** The labelled cells of a data set, or the cells that no stage trains on. */
function cellsOf({ source, curriculum }: Run, { dataSet, view }: Hearing, batch: number) {
  const request = { batch, order: "stored", genes: shownBy(curriculum, view) } as const;
  if (dataSet === undefined) {
    const keep = (cell: number) => curriculum.partition.part(cell) === HELD_OUT;
    return filled(source.read({ ...request, keep }));
  }
  const columns = dataSet.label === null ? [] : [dataSet.label];
  return filled(dataSet.source.read({ ...request, where: dataSet.where, columns }));
}

async function outcome(model: Model, tokens: TokenBatch, label?: string): Promise<Outcome> {
  const { mlm, cells } = await model.predict(tokens);
  const labels = label === undefined
    ? new Int32Array(tokens.cells.length).fill(-1)
    : tokens.obs[label];
  return { tokens, mlm, embedding: cells, labels };
}
