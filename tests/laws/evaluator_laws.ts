/**
 * What holds of every evaluator.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import type { Evaluator, Outcome, Question } from "../../core/evaluator.ts";
import { permutation } from "../../core/permutation.ts";
import { derive, type Key, stream } from "../../core/random.ts";
import { assertSame } from "../first_difference.ts";
import { curriculum, key, tokenBatch } from "./arbitraries.ts";

/** A question, and what some model says about the cells that it is asked of. */
interface Case {
  readonly outcome: Outcome;
  readonly question: Question;
  readonly key: Key;
}

const GENES = 8, CELLS = 40, CLASSES = 3, WIDTH = 48;

/**
 * Registers the laws of an evaluator as tests: a score is a number, neither the order of the cells nor
 * their batching matters, no model is better than a perfect one, states and outcomes are never
 * written, and where nothing was seen there is no score.
 *
 * @param make Makes one as an experiment would; called anew for every check.
 */
export function evaluatorLaws(name: string, make: () => Evaluator): void {
  const law = (claim: string, check: (given: Case, evaluator: Evaluator) => void) =>
    Deno.test(
      `${name} ${claim}`,
      () => fc.assert(fc.property(cases(), (given) => check(given, make())), { numRuns: 40 }),
    );

  law("gives a number, NaN included", ({ outcome, question }, evaluator) => {
    for (const outcomes of [[], [outcome]]) {
      const score: unknown = scoreOf(evaluator, outcomes, question);
      ok(typeof score === "number", `the score is no number, but ${inspect(score)}`);
    }
  });

  law("gives the same score in any order and any batches", (given, evaluator) => {
    const { outcome, question, key } = given, count = outcome.labels.length;
    const order = permutation(count, key), random = stream(derive(key, "sizes"));
    const shuffled = Array.from({ length: count }, (_, i) => order.at(i));
    const batches: Outcome[] = [];
    for (let from = 0; from < count;) {
      const size = 1 + random.below(9);
      batches.push(rowsOf(outcome, shuffled.slice(from, from + size)));
      from += size;
    }
    assertSame(scoreOf(evaluator, batches, question), scoreOf(evaluator, [outcome], question));
  });

  law("gives no model a better score than a perfect one", (given, evaluator) => {
    const score = scoreOf(evaluator, [given.outcome], given.question);
    const best = scoreOf(evaluator, [perfect(given.outcome)], given.question);
    assertSame(Number.isNaN(best), Number.isNaN(score));
    if (Number.isNaN(best)) return;
    const worse = evaluator.better === "lower" ? score >= best : score <= best;
    ok(
      worse,
      `a random model scores ${score}, a perfect one ${best}: ${evaluator.better} is better`,
    );
  });

  law(
    "keeps every state as it was, and copies what it needs",
    ({ outcome, question }, evaluator) => {
      const [first, second] = [rowsOf(outcome, [0, 1, 2]), rowsOf(outcome, range(3, CELLS))];
      const state = evaluator.add(evaluator.empty(question), first, question);
      const before = evaluator.value(state, question);
      const expected = evaluator.value(evaluator.add(state, second, question), question);
      spoil(first);
      assertSame(evaluator.value(state, question), before);
      assertSame(evaluator.value(evaluator.add(state, second, question), question), expected);
    },
  );

  law("never writes an outcome", ({ outcome, question }, evaluator) => {
    const before = structuredClone(outcome);
    scoreOf(evaluator, [outcome], question);
    assertSame(outcome, before);
  });

  law("has no score where nothing was seen", ({ question }, evaluator) => {
    assertSame(scoreOf(evaluator, [], question), NaN);
  });
}

/** What an evaluator says of these outcomes. */
export function scoreOf(
  evaluator: Evaluator,
  outcomes: readonly Outcome[],
  question: Question,
): number {
  const state = outcomes.reduce(
    (state, outcome) => evaluator.add(state, outcome, question),
    evaluator.empty(question),
  );
  return evaluator.value(state, question);
}

function cases(): fc.Arbitrary<Case> {
  return fc.record({
    rows: fc.array(tokenBatch({ genes: GENES, maxCells: 1, length: 6 }), {
      minLength: 1,
      maxLength: 6,
    }),
    curriculum: curriculum({ genes: GENES, maxSets: 3 }),
    place: fc.nat(),
    key: key(),
  }).map(({ rows, curriculum, place, key }) => {
    // A few rows of tokens, over and over: every class has many cells.
    const tokens = {
      ...joined(range(0, CELLS).map((i) => rows[i % rows.length])),
      cells: Uint32Array.from({ length: CELLS }, (_, i) => 1000 - 7 * i),
    };
    const draw = (what: string, size: number) => {
      const random = stream(derive(key, what));
      return new Float32Array(size).map(random.normal);
    };
    const outcome = {
      tokens,
      mlm: draw("mlm", tokens.genes.length),
      embedding: draw("embedding", CELLS * WIDTH),
      labels: Int32Array.from({ length: CELLS }, (_, i) => i % (CLASSES + 1) - 1),
    };
    const set = curriculum.stages[1 + place % (curriculum.stages.length - 1)];
    return { outcome, key, question: { set, curriculum, classes: CLASSES, key } };
  });
}

/** What a model says that knows everything: the true values, and embeddings that spell the class. */
function perfect(outcome: Outcome): Outcome {
  const embedding = outcome.embedding.map((_, at) =>
    at % WIDTH % CLASSES === outcome.labels[Math.floor(at / WIDTH)] ? 1 : 0
  );
  return { ...outcome, mlm: outcome.tokens.target.slice(), embedding };
}

type Tokens = Outcome["tokens"];

const joined = (rows: readonly Tokens[]): Tokens => ({
  ...rows[0],
  genes: Int32Array.from(rows.flatMap(({ genes }) => [...genes])),
  input: Float32Array.from(rows.flatMap(({ input }) => [...input])),
  target: Float32Array.from(rows.flatMap(({ target }) => [...target])),
  padding: Uint8Array.from(rows.flatMap(({ padding }) => [...padding])),
  masked: Uint8Array.from(rows.flatMap(({ masked }) => [...masked])),
  obs: {},
});

function rowsOf({ tokens, mlm, embedding, labels }: Outcome, rows: readonly number[]): Outcome {
  const count = labels.length;
  const pick = <T extends Float32Array | Int32Array | Uint32Array | Uint8Array>(values: T): T => {
    const width = values.length / count;
    const found = values.slice(0, rows.length * width) as T;
    rows.forEach((row, i) => found.set(values.subarray(row * width, (row + 1) * width), i * width));
    return found;
  };
  return {
    tokens: {
      cells: pick(tokens.cells),
      length: tokens.length,
      genes: pick(tokens.genes),
      input: pick(tokens.input),
      target: pick(tokens.target),
      padding: pick(tokens.padding),
      masked: pick(tokens.masked),
      obs: {},
    },
    mlm: pick(mlm),
    embedding: pick(embedding),
    labels: pick(labels),
  };
}

/** Engines overwrite what they lent: so does this. */
function spoil({ tokens, mlm, embedding, labels }: Outcome): void {
  const { cells, genes, input, target, padding, masked } = tokens;
  for (const array of [cells, genes, input, target, padding, masked, mlm, embedding, labels]) {
    array.fill(1);
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
