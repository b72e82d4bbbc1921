import { ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { arrange, type Curriculum } from "../core/curriculum.ts";
import type { Outcome, Question } from "../core/evaluator.ts";
import { keyOf, stream } from "../core/random.ts";
import { clsId, padId } from "../core/tokens.ts";
import { geneClassification } from "../plugins/evaluators/gene_classification.ts";
import { geneRegression } from "../plugins/evaluators/gene_regression.ts";
import { neighbourClassification } from "../plugins/evaluators/neighbour_classification.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { evaluatorLaws, scoreOf } from "./laws/evaluator_laws.ts";

evaluatorLaws("geneRegression()", () => geneRegression());
evaluatorLaws("geneClassification()", () => geneClassification());
evaluatorLaws(
  "geneClassification() by best epoch",
  () => geneClassification({ report: "best-epoch" }),
);

/** Genes 0 and 1 are base, 2 and 3 arrive in stage 1, 4 in stage 2. */
const curriculum: Curriculum = {
  ...arrange(5, [{ name: "a", genes: [2, 3] }, { name: "b", genes: [4] }]),
  partition: { part: () => 0, size: () => 0 },
};
const about = (stage: number, classes = 0): Question => ({
  set: curriculum.stages[stage],
  curriculum,
  classes,
  key: keyOf(1),
});

/** Two cells, every value 1; masked: gene 2 twice, 0 and 4 once; not masked: 3. */
const outcome: Outcome = {
  tokens: {
    cells: Uint32Array.of(5, 3),
    length: 4,
    genes: Int32Array.of(clsId(5), 2, 0, 3, clsId(5), 2, 4, padId(5)),
    input: Float32Array.of(0, -1, -1, 1, 0, -1, -1, 0),
    target: Float32Array.of(0, 1, 1, 1, 0, 1, 1, 0),
    padding: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1),
    masked: Uint8Array.of(0, 1, 1, 0, 0, 1, 1, 0),
    obs: {},
  },
  mlm: Float32Array.of(9, 3, 6, 99, 9, 2, 5, 9),
  embedding: new Float32Array(2),
  labels: Int32Array.of(-1, -1),
};

Deno.test("geneRegression() is the mean squared error at masked positions of the set's genes", () => {
  assertSame(scoreOf(geneRegression(), [outcome], about(1)), ((3 - 1) ** 2 + (2 - 1) ** 2) / 2);
  assertSame(scoreOf(geneRegression(), [outcome], about(2)), (5 - 1) ** 2);
});

Deno.test("geneRegression() counts positions alike, however many a cell has", () => {
  const masked = outcome.tokens.masked.with(3, 1);
  const more = { ...outcome, tokens: { ...outcome.tokens, masked } };
  assertSame(scoreOf(geneRegression(), [more], about(1)), ((3 - 1) ** 2 + 98 ** 2 + 1) / 3);
});

Deno.test("geneRegression() reads no prediction but those", () => {
  const asked = [1, 5];
  fc.assert(fc.property(fc.nat(7), fc.float({ noNaN: true }), (at, value) => {
    const other = { ...outcome, mlm: outcome.mlm.with(at, value) };
    if (asked.includes(at)) return;
    assertSame(scoreOf(geneRegression(), [other], about(1)), 2.5);
  }));
});

Deno.test("geneRegression() has another name where cells show other genes", () => {
  ok(geneRegression().name !== geneRegression({ visible: "own" }).name);
  assertSame(geneRegression({ visible: "own" }).visible, "own");
});

/** Cells 0 … n - 1 with random embeddings of width 4, of which the first says the label. */
function labelled(n: number, clarity: number, label = (cell: number) => cell % 2): Outcome {
  const random = stream(keyOf(3));
  const labels = Int32Array.from({ length: n }, (_, cell) => label(cell));
  return {
    tokens: { ...outcome.tokens, cells: Uint32Array.from({ length: n }, (_, cell) => cell) },
    mlm: new Float32Array(0),
    embedding: new Float32Array(4 * n).map((_, at) =>
      random.normal() + (at % 4 === 0 ? clarity * labels[at / 4] : 0)
    ),
    labels,
  };
}

Deno.test("geneClassification() tells clear classes apart better than mixed ones", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const question = { ...about(1, 2), key: keyOf(seed) };
    const [clear, mixed] = [20, 0].map((clarity) =>
      scoreOf(geneClassification(), [labelled(300, clarity)], question)
    );
    ok(clear > mixed, `seed ${seed}: ${clear} against ${mixed}`);
  }
});

Deno.test("geneClassification() tests on the cells that it does not train on", () => {
  // Seven of ten cells, or six of nine, for training: an accuracy in thirds.
  for (let seed = 1; seed <= 8; seed++) {
    for (const cells of [9, 10]) {
      const question = { ...about(1, 2), key: keyOf(seed) };
      const score = scoreOf(geneClassification(), [labelled(cells, 0)], question);
      assertClose(score * 3, Math.round(score * 3), { absolute: 1e-12 });
    }
  }
});

Deno.test("geneClassification() by best epoch looks at every fifth epoch and the last only", () => {
  for (let seed = 0; seed < 12; seed++) {
    const given = [labelled(60, seed / 6)], question = { ...about(1, 2), key: keyOf(seed) };
    const after = (epochs: number, report: "best-epoch" | "last-epoch") =>
      scoreOf(geneClassification({ epochs, report }), given, question);
    assertSame(after(4, "best-epoch"), after(4, "last-epoch"));
    const looks = [5, 10, 12].map((epochs) => after(epochs, "last-epoch"));
    assertSame(after(12, "best-epoch"), Math.max(...looks));
  }
});

Deno.test("geneClassification() by best epoch is never worse than by last epoch, and better at times", () => {
  const gains = Array.from({ length: 12 }, (_, seed) => {
    const given = [labelled(60, seed / 6)], question = { ...about(1, 2), key: keyOf(seed) };
    const best = scoreOf(geneClassification({ report: "best-epoch" }), given, question);
    return best - scoreOf(geneClassification(), given, question);
  });
  ok(gains.every((gain) => gain >= 0) && gains.some((gain) => gain > 0));
});

Deno.test("geneClassification() leaves out cells without a label", () => {
  const all = labelled(80, 1, (cell) => cell < 60 ? cell % 2 : -1);
  const some = labelled(60, 1);
  const question = about(1, 2);
  // The first 240 draws of both are the same embeddings.
  assertSame(
    scoreOf(geneClassification(), [all], question),
    scoreOf(geneClassification(), [some], question),
  );
});

Deno.test("geneClassification() has no score with one class, or with nothing to learn from", () => {
  assertSame(scoreOf(geneClassification(), [labelled(20, 1, () => 0)], about(1, 1)), NaN);
  const few = geneClassification({ trainShare: 0.04 });
  assertSame(scoreOf(few, [labelled(20, 1)], about(1, 2)), NaN);
});

Deno.test("geneRegression() refuses to mask nothing, as it asks about what is masked", () => {
  throws(() => geneRegression({ mask: 0 }), /greater than 0/);
  assertSame(geneRegression({ mask: 1 }).mask, 1);
});

Deno.test("evaluators of labelled cells refuse shares that leave nothing to learn from or to test", () => {
  for (const evaluator of [geneClassification, neighbourClassification]) {
    for (const trainShare of [-0.5, 0, 1, 1.5]) throws(() => evaluator({ trainShare }));
    assertSame(evaluator({ trainShare: 0.25 }).trainShare, 0.25);
  }
});

Deno.test("geneClassification() refuses unknown reports", () => {
  throws(() => geneClassification({ report: "median" as "last-epoch" }));
});
