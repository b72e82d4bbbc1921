import { throws } from "node:assert/strict";
import fc from "fast-check";
import type { Score } from "../core/events.ts";
import { backwardTransfers, change, forgettings } from "../core/forgetting.ts";
import { permutation } from "../core/permutation.ts";
import { keyOf } from "../core/random.ts";
import { type ScoreMatrix, scoreMatrix } from "../core/score_matrix.ts";
import { assertClose, assertSame } from "./first_difference.ts";

const formulas = { change, ...forgettings, ...prefixed(backwardTransfers) };

function prefixed<T extends object>(named: T) {
  return Object.fromEntries(Object.entries(named).map(([k, v]) => [`transfer ${k}`, v]));
}

const matrixOf = (
  values: readonly (readonly number[])[],
  better: ScoreMatrix["better"] = "higher",
): ScoreMatrix => ({ better, stages: values.map((_, i) => i + 1), values });

/** Square matrices of scores on a grid, of 2 to 6 stages. */
const matrix = () =>
  fc.integer({ min: 2, max: 6 }).chain((n) =>
    fc.array(
      fc.array(fc.integer({ min: 0, max: 64 }).map((v) => v / 64), { minLength: n, maxLength: n }),
      { minLength: n, maxLength: n },
    )
  );

const selection = { method: "m", seed: 1, evaluator: "e" };

/** The scores of a matrix, as a run would tell them. */
const scoresOf = (values: readonly (readonly number[])[], trials = 1): Score[] =>
  values.flatMap((row, i) =>
    row.flatMap((value, j) =>
      Array.from({ length: trials }, (_, trial) => ({
        ...selection,
        trial,
        set: `set ${j + 1}`,
        own: j + 1,
        after: i + 1,
        value: value + trial * 0.1,
      }))
    )
  );

for (const [name, { of }] of Object.entries(formulas)) {
  Deno.test(`forgetting: ${name} is 0 where no score ever changes`, () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 6 }), fc.nat(9), (n, score) => {
      const row = new Array(n).fill(score / 8);
      assertClose(of(matrixOf(new Array(n).fill(row))), 0, { absolute: 1e-15 });
    }));
  });

  Deno.test(`forgetting: ${name} never writes its matrix`, () => {
    fc.assert(fc.property(matrix(), (values) => {
      const given = matrixOf(values), before = structuredClone(given);
      of(given);
      assertSame(given, before);
    }));
  });

  Deno.test(`forgetting: ${name} has no value without an earlier stage`, () => {
    assertSame(of(matrixOf([[0.5]])), NaN);
    assertSame(of(matrixOf([])), NaN);
  });
}

for (const [name, { of }] of Object.entries({ ...forgettings, ...backwardTransfers })) {
  Deno.test(`forgetting: ${name} is the same for a loss as for its negative, higher being better`, () => {
    fc.assert(fc.property(matrix(), (values) => {
      const negated = values.map((row) => row.map((v) => -v));
      assertSame(of(matrixOf(values, "lower")), of(matrixOf(negated, "higher")));
    }));
  });
}

const A = matrixOf([
  [0.9, 0.1, 0.1, 0.1],
  [0.95, 0.8, 0.1, 0.1],
  [0.6, 0.85, 0.7, 0.1],
  [0.5, 0.6, 0.75, 0.9],
]);
const B = matrixOf([
  [0.9, 0.3, 0.2, 0.2],
  [0.4, 0.5, 0.2, 0.2],
  [0.3, 0.55, 0.6, 0.2],
  [0.8, 0.6, 0.65, 0.7],
]);

/** What each library computes from A and B: forgetting A, BWT A, forgetting B, BWT B. */
const published = {
  Mammoth: [forgettings.best, backwardTransfers.last, 0.2333, -0.1833, 0.0333, 0.0167],
  PyCIL: [forgettings.bestLearned, undefined, 0.2333, NaN, 0.0333, NaN],
  Renate: [forgettings.bestBefore, backwardTransfers.last, 0.2167, -0.1833, 0, 0.0167],
  Continuum: [
    forgettings.bestLearnedBefore,
    backwardTransfers.allPairs,
    0.2167,
    -0.125,
    0,
    -0.1667,
  ],
  LibContinual: [forgettings.skippingOne, backwardTransfers.skippingOne, 0.2, -0.15, 0, -0.1],
  CapyMOA: [undefined, backwardTransfers.allPairs, NaN, -0.125, NaN, -0.1667],
  Avalanche: [forgettings.initial, backwardTransfers.last, 0.1833, -0.1833, -0.0167, 0.0167],
} as const;

for (const [library, [forgetting, transfer, ...numbers]] of Object.entries(published)) {
  Deno.test(`forgetting: the formulas of ${library} give its numbers`, () => {
    const found = [A, B].flatMap((matrix) =>
      [forgetting, transfer].map((f) => f?.of(matrix) ?? NaN)
    );
    assertClose(found, numbers, { absolute: 0.5e-4 });
  });
}

Deno.test("change is the paper's Δ: Table 2, baseline after stage 3, and Table 3, Norman", () => {
  const losses = matrixOf([[0.163, NaN, NaN], [0.452, 0.263, NaN], [0.498, 0.290, 0.192]], "lower");
  assertClose(change.of(losses), 0.181, { absolute: 0.5e-3 });
  assertClose(change.of(matrixOf([[37.734, 67.313], [35.590, 75.386]])), -2.144, {
    absolute: 1e-9,
  });
});

Deno.test("forgettings: scores that were never taken do not count as the best, nor as 0", () => {
  const losses = matrixOf([[0.2, NaN, NaN], [0.5, 0.3, NaN], [0.4, 0.4, 0.1]], "lower");
  for (const { of } of [forgettings.best, forgettings.bestBefore, forgettings.initial]) {
    assertClose(of(losses), (0.2 + 0.1) / 2, { absolute: 1e-12 });
  }
});

Deno.test("scoreMatrix() is the same in whatever order the scores come", () => {
  fc.assert(fc.property(matrix(), fc.nat(), (values, seed) => {
    const scores = scoresOf(values, 3), order = permutation(scores.length, keyOf(seed));
    const shuffled = scores.map((_, i) => scores[order.at(i)]), before = structuredClone(shuffled);
    assertSame(
      scoreMatrix(shuffled, selection, "higher"),
      scoreMatrix(scores, selection, "higher"),
    );
    assertSame(shuffled, before);
  }));
});

Deno.test("scoreMatrix() keeps the order of 120 stages", () => {
  const values = Array.from(
    { length: 120 },
    (_, i) => Array.from({ length: 120 }, (_, j) => 1000 * i + j),
  );
  const found = scoreMatrix(scoresOf(values).toReversed(), selection, "higher");
  assertSame(found.stages, Array.from({ length: 120 }, (_, i) => i + 1));
  assertSame(found.values, values);
});

Deno.test("scoreMatrix() averages trials, or takes the one that is asked for", () => {
  const scores = scoresOf([[1, 2], [3, 4]], 3);
  const of = (trial: object) => scoreMatrix(scores, { ...selection, ...trial }, "higher").values;
  assertClose(of({}), [[1.1, 2.1], [3.1, 4.1]], { absolute: 1e-12 });
  assertSame(of({ trial: 2 }), [[1.2, 2.2], [3.2, 4.2]]);
});

Deno.test("scoreMatrix() holds one method, seed and evaluator, and NaN where nothing was asked", () => {
  const [score] = scoresOf([[1]]);
  const scores = [
    score,
    { ...score, own: 2, after: 2, value: 4 },
    { ...score, after: 0, value: 9 },
    { ...score, method: "other", value: 9 },
    { ...score, seed: 2, value: 9 },
    { ...score, evaluator: "other", value: 9 },
  ];
  assertSame(scoreMatrix(scores, selection, "lower"), {
    better: "lower",
    stages: [1, 2],
    values: [[1, NaN], [NaN, 4]],
  });
});

Deno.test("scoreMatrix() refuses two scores of one trial for the same question", () => {
  const scores = scoresOf([[1]]);
  throws(() => scoreMatrix([...scores, ...scores], selection, "higher"), RangeError);
});
