import { ok } from "node:assert/strict";
import fc from "fast-check";
import type { RunEvent } from "../core/events.ts";
import { change } from "../core/forgetting.ts";
import { changeBySeed, type Results, resultsOf, rowsOf } from "../core/report/results.ts";
import { scoreMatrix } from "../core/score_matrix.ts";
import { mean } from "../core/spread.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { golden } from "./golden.ts";
import { type GoldenRow, goldenRun } from "./golden_run.ts";
import { runInWords } from "../core/report/run_in_words.ts";
import { finishedRun } from "./laws/run_events.ts";

const close = { absolute: 1e-9, relative: 1e-9 };
const run = () => finishedRun().map((events) => ({ events, results: resultsOf(events)! }));

Deno.test("rowsOf() changes by what lies between the two means", () =>
  fc.assert(fc.property(run(), ({ results }) => {
    for (const { measures } of rowsOf(results)) {
      for (const { learned, end, change } of measures) {
        if (change !== undefined) assertClose(change.mean, end!.mean - learned!.mean, close);
      }
    }
  })));

Deno.test("rowsOf() does not depend on the order of the scores", () =>
  fc.assert(
    fc.property(
      run().chain(({ events, results }) => fc.tuple(fc.constant(results), shuffled(events))),
      ([results, events]) => assertClose(rowsOf(resultsOf(events)!), rowsOf(results), close),
    ),
  ));

Deno.test("rowsOf() has a spread over seeds, however many trials a seed has", () =>
  fc.assert(fc.property(run(), ({ events, results }) => {
    const again = events.flatMap((event): RunEvent[] =>
      event.type === "score"
        ? [event, { ...event, score: { ...event.score, trial: event.score.trial + 10 } }]
        : [event]
    );
    assertClose(rowsOf(resultsOf(again)!), rowsOf(results), close);
  })));

Deno.test("changeBySeed() is the paper's Δ, of however many gene sets", () =>
  fc.assert(fc.property(run(), ({ results }) => {
    const { methods, evaluators, stages } = results.run;
    const owns = stages.map((_, own) => own).slice(1, -1);
    if (owns.length === 0) return;
    for (const method of methods) {
      for (const { name: evaluator, better } of evaluators) {
        for (const [seed, value] of changeBySeed(results, { method, evaluator, owns })) {
          const matrix = scoreMatrix(results.scores, { method, seed, evaluator }, better);
          assertClose(value, change.of(matrix), close);
        }
      }
    }
  })));

Deno.test("resultsOf() takes the last answer to a question asked twice", () => {
  const results = twoSeeds();
  const [score] = results.scores;
  const again = resultsOf([
    results.run,
    ...results.scores.map((score): RunEvent => ({ type: "score", score })),
    { type: "score", score: { ...score, value: 99 } },
  ])!;
  assertSame(again.scores[0].value, 99);
  assertSame(again.scores.length, results.scores.length);
});

Deno.test("resultsOf() says nothing of a run that never started", () => {
  assertSame(resultsOf([{ type: "finished", seconds: 1 }]), undefined);
});

Deno.test("runInWords() says how long a run took, and how fast that was", () => {
  const results = { ...twoSeeds(), finished: true, run: { ...twoSeeds().run, steps: 3536 } };
  const words = (seconds?: number) => runInWords({ ...results, seconds })[2];
  const { engine } = results.run;
  assertSame(words(35), `3,536 steps on ${engine} in 35 s: 101 steps a second.`);
  assertSame(words(7000), `3,536 steps on ${engine} in 1 h 56 min: 0.505 steps a second.`);
  assertSame(words(0), `3,536 steps on ${engine} in 0 s.`);
  assertSame(words(), `3,536 steps on ${engine}.`);
});

Deno.test("rowsOf() averages the trials of a seed first, then takes changes seed by seed", () => {
  const [row, last, oracle] = rowsOf(twoSeeds());
  // Seed 1: (0.2 + 0.4) / 2 = 0.3 learned, 0.5 at the end; seed 2: 0.5 learned, 0.9 at the end.
  const { learned, end, change } = row.measures[0];
  assertClose(learned, { n: 2, mean: 0.4, sd: Math.SQRT2 / 10 }, close);
  assertClose(end, { n: 2, mean: 0.7, sd: Math.SQRT2 / 5 }, close);
  assertClose(change, { n: 2, mean: 0.3, sd: Math.SQRT2 / 10 }, close);
  assertSame([last.set, last.measures[0].change], ["T2", undefined]);
  assertSame([oracle.method, oracle.measures[0].learned], ["oracle", undefined]);
  assertClose(oracle.measures[0].end!.mean, 0.35, close);
});

Deno.test("rowsOf() counts no score that is NaN", () => {
  const results = twoSeeds();
  const scores = results.scores.map((score) =>
    score.seed === 2 && score.after === 1 ? { ...score, value: NaN } : score
  );
  const { learned, end, change } = rowsOf({ ...results, scores })[0].measures[0];
  assertSame([learned?.n, end?.n, change?.n], [1, 2, 1]);
});

Deno.test("rowsOf() averages over earlier gene sets where there are several", () =>
  fc.assert(fc.property(run(), ({ results }) => {
    const rows = rowsOf(results), gene = results.run.stages.length - 1;
    ok(rows.length === results.run.methods.length * (gene + (gene > 2 ? 1 : 0)));
    if (gene < 3) return;
    for (let i = 0; i < rows.length; i += gene + 1) {
      const earlier = rows.slice(i, i + gene - 1), average = rows[i + gene];
      average.measures.forEach(({ change }, e) =>
        assertClose(change!.mean, mean(earlier.map((row) => row.measures[e].change!.mean)), close)
      );
    }
  })));

golden<{ rows: GoldenRow[] }>(
  "rowsOf() gives the reference run's means and standard deviations",
  "gil/gil_run.json",
  ({ rows }) => {
    const written = rowsOf(resultsOf(goldenRun(rows))!).filter(({ set }) => set === "T1")
      .map(({ method, measures: [{ learned, end, change }] }) => [
        method,
        ...[learned!, end!, change!].map(({ mean, sd }) => `${mean.toFixed(3)} ± ${sd.toFixed(3)}`),
      ]);
    assertSame(written, [
      ["baseline", "0.380 ± 0.011", "0.643 ± 0.028", "0.264 ± 0.032"],
      ["replay", "0.380 ± 0.011", "0.421 ± 0.025", "0.041 ± 0.016"],
      ["distill", "0.380 ± 0.011", "0.618 ± 0.027", "0.239 ± 0.026"],
    ]);
  },
);

/** Two seeds, the first with two trials of the first score, and an oracle with one. */
function twoSeeds(): Results {
  const score = (method: string, seed: number, place: [number, number], value: number, trial = 0) =>
    ({
      type: "score",
      score: {
        method,
        seed,
        trial,
        evaluator: "loss",
        set: `T${place[0]}`,
        own: place[0],
        after: place[1],
        value,
      },
    }) as const;
  return resultsOf([
    {
      type: "started",
      experiment: "two seeds",
      methods: ["baseline", "oracle"],
      seeds: [1, 2],
      engine: "cpu",
      cells: 9,
      genes: 9,
      steps: 9,
      estimate: 9,
      stages: ["base", "T1", "T2"].map((name) => ({ name, genes: 3, cells: 3 })),
      evaluators: [{ name: "loss", unit: "squared error", better: "lower" }],
    },
    score("baseline", 1, [1, 1], 0.2),
    score("baseline", 1, [1, 1], 0.4, 1),
    score("baseline", 1, [1, 2], 0.5),
    score("baseline", 1, [2, 2], 0.1),
    score("baseline", 2, [1, 1], 0.5),
    score("baseline", 2, [1, 2], 0.9),
    score("oracle", 1, [1, 2], 0.35),
  ])!;
}

/** The events in another order; the first stays. */
function shuffled([first, ...rest]: readonly RunEvent[]): fc.Arbitrary<RunEvent[]> {
  return fc.shuffledSubarray(rest, { minLength: rest.length })
    .map((events) => [first, ...events]);
}
