import assert from "node:assert/strict";
import { lastValueFrom, toArray } from "rxjs";
import type { CellBatch } from "../core/batch.ts";
import { HELD_OUT, isVisible, seenBy } from "../core/curriculum.ts";
import type { Evaluator, Outcome, Question } from "../core/evaluator.ts";
import type { Score } from "../core/events.ts";
import { keyOf } from "../core/random.ts";
import type { Sampler } from "../core/sampler.ts";
import { uniform } from "../plugins/samplers/uniform.ts";
import { judge } from "../streams/judge.ts";
import { assertSame } from "./first_difference.ts";
import { spyLearner } from "./spy_learner.ts";
import { BATCH, CELLS, GENES, method, runOf } from "./walked.ts";

const { source, curriculum } = runOf(spyLearner());

/** A question, and all that the model said about it. */
interface Heard {
  readonly question: Question;
  readonly outcomes: readonly Outcome[];
}

/** What came of asking after a stage. */
interface Judgement {
  readonly heard: readonly Heard[];
  readonly scores: readonly Score[];
}

/** Judges a model after a stage by an evaluator that writes down what it hears. */
async function judged(
  after: number,
  change: Partial<Evaluator>,
  { sampler = uniform(), length = GENES }: { sampler?: Sampler; length?: number } = {},
): Promise<Judgement> {
  const heard: Heard[] = [], spy = spyLearner();
  const evaluator: Evaluator<readonly Outcome[]> = {
    name: "heard",
    unit: "batches",
    better: "higher",
    cells: "held-out",
    visible: "union",
    asks: "seen",
    mask: 0.4,
    trials: 1,
    empty: () => [],
    add: (outcomes, outcome) => [...outcomes, outcome],
    value(outcomes, question) {
      heard.push({ question, outcomes });
      return outcomes.length;
    },
    ...change as Partial<Evaluator<readonly Outcome[]>>,
  };
  const run = runOf(spy, {
    sets: ["a", "b"].map((type, i) => ({
      name: `T${i + 1}`,
      where: { type },
      label: "type",
      source,
      cells: CELLS / 2,
      classes: ["a", "b"],
    })),
    length,
    judges: [{ evaluator: evaluator as Evaluator, sampler }],
  });
  const model = spy.begin(keyOf(1));
  const events = await lastValueFrom(
    judge(run, { seed: 1, model, after, methods: [method("baseline")] }).pipe(toArray()),
  );
  return { heard, scores: events.flatMap((event) => event.type === "score" ? [event.score] : []) };
}

const cellsOf = ({ outcomes }: Heard) => outcomes.flatMap(({ tokens }) => [...tokens.cells]);

/** What each position shows, batch after batch. */
const inputsOf = ({ outcomes }: Heard) => outcomes.flatMap(({ tokens }) => [...tokens.input]);

/** Of all genes that a cell expresses, those that it shows. */
function shownOf({ outcomes }: Heard): Map<number, Set<number>> {
  const shown = new Map<number, Set<number>>();
  for (const { tokens: { cells, genes, length } } of outcomes) {
    cells.forEach((cell, row) => {
      const own = genes.subarray(row * length, (row + 1) * length).filter((gene) => gene < GENES);
      shown.set(cell, new Set(own));
    });
  }
  return shown;
}

/** The genes that each cell expresses. */
async function expressed(): Promise<Map<number, number[]>> {
  const found = new Map<number, number[]>();
  const add = ({ cells, offsets, genes }: CellBatch) =>
    cells.forEach((cell, i) => found.set(cell, [...genes.subarray(offsets[i], offsets[i + 1])]));
  for await (const batch of source.read({ batch: BATCH, order: "stored" })) add(batch);
  return found;
}

for (const cells of ["held-out", "labelled"] as const) {
  Deno.test(`judge() shows ${cells} cells all genes that arrived, or base genes and the asked set's`, async () => {
    const all = await expressed(), { rank, base, stages } = curriculum;
    for (const visible of ["union", "own"] as const) {
      for (const after of [1, 2]) {
        const { heard } = await judged(after, { cells, visible });
        assertSame(heard.map(({ question }) => question.set.index), [1, 2].slice(0, after));
        for (const each of heard) {
          const view = visible === "union"
            ? seenBy(curriculum, after)
            : stages[each.question.set.index];
          for (const [cell, shown] of shownOf(each)) {
            const wanted = all.get(cell)!.filter((gene) => isVisible(rank[gene], base, view));
            assertSame([...shown].sort((a, b) => a - b), wanted);
          }
        }
      }
    }
  });
}

Deno.test("judge() asks about held-out cells, or about those of the set's data set with their labels", async () => {
  const { partition } = curriculum, rows = Array.from({ length: CELLS }, (_, cell) => cell);
  const ordered = (heard: Heard) => cellsOf(heard).sort((a, b) => a - b);
  for (const each of (await judged(2, {})).heard) {
    assertSame(ordered(each), rows.filter((cell) => partition.part(cell) === HELD_OUT));
    assert.ok(each.outcomes.every(({ labels }) => labels.every((label) => label === -1)));
    assertSame(each.question.classes, 0);
  }
  for (const each of (await judged(2, { cells: "labelled" })).heard) {
    // Every second cell is of the first type, which is the first set's data set.
    const type = each.question.set.index - 1;
    assertSame(ordered(each), rows.filter((cell) => cell % 2 === type));
    assert.ok(each.outcomes.every(({ labels }) => labels.every((label) => label === type)));
    assertSame(each.question.classes, 2);
  }
});

Deno.test("judge() asks about the sets that have arrived, or about later ones too", async () => {
  for (
    const [asks, after, sets] of [
      ["seen", 1, [1]],
      ["seen", 2, [1, 2]],
      ["all", 1, [1, 2]],
    ] as const
  ) {
    const { scores } = await judged(after, { asks, cells: "labelled" });
    assertSame(scores.map(({ own }) => own), sets);
    assert.ok(scores.every((score) => score.after === after && score.set === `T${score.own}`));
  }
});

Deno.test("judge() refuses a value that is no number, in a sentence; NaN is one", async () => {
  for (
    const [value, what] of [
      [Promise.resolve(0.5), "a promise"],
      [undefined, "of type undefined"],
      ["0.5", "of type string"],
      [1n, "of type bigint"],
    ] as const
  ) {
    await assert.rejects(judged(1, { value: () => value as never }), {
      _tag: "RunError",
      message: `Cannot score "heard" of gene set "T1": its value is ${what}; ` +
        "let the evaluator's value() return a number, at once",
    });
  }
  const { scores } = await judged(1, { value: () => NaN });
  assertSame(scores.map(({ value }) => value), [NaN]);
});

Deno.test("judge() masks the share that the evaluator asks for", async () => {
  for (const share of [0, 1]) {
    const { heard: [{ outcomes }] } = await judged(1, { mask: share });
    for (const { tokens: { masked, padding, length } } of outcomes) {
      masked.forEach((flag, p) =>
        assert.equal(flag, p % length > 0 && padding[p] === 0 ? share : 0)
      );
    }
  }
});

Deno.test("judge() lets the evaluator's own sampler choose what a cell shows", async () => {
  const first: Sampler = (_genes, _values, _random, chosen) =>
    chosen.forEach((_, i) => chosen[i] = i);
  const all = await expressed(), { rank, base } = curriculum, view = seenBy(curriculum, 1);
  const { heard: [heard] } = await judged(1, {}, { sampler: first, length: 4 });
  for (const [cell, shown] of shownOf(heard)) {
    const visible = all.get(cell)!.filter((gene) => isVisible(rank[gene], base, view));
    assertSame([...shown], visible.slice(0, 4));
  }
});

Deno.test("judge() draws afresh for every trial, and the same again after every stage", async () => {
  const asked = { visible: "own", trials: 2 } as const;
  const [early, late] = [await judged(1, asked), await judged(2, asked)];
  const about = ({ heard }: Judgement) => heard.filter(({ question }) => question.set.index === 1);
  const [first, second] = about(early);
  assertSame(about(late).map(inputsOf), [first, second].map(inputsOf));
  assert.notDeepEqual(inputsOf(first), inputsOf(second));
  assert.notDeepEqual(first.question.key, second.question.key);
  assertSame(about(late).map(({ question }) => question.key), [
    first.question.key,
    second.question.key,
  ]);
  assertSame(early.scores.map(({ trial }) => trial), [0, 1]);
});
