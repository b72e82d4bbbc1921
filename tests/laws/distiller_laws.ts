/**
 * What holds of every distiller.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import type { Prediction } from "../../core/model/architecture.ts";
import type { Curriculum, Stage } from "../../core/curriculum.ts";
import type { Distiller } from "../../core/distiller.ts";
import { shareOf } from "../../core/model/feeds.ts";
import { derive, type Key, stream } from "../../core/random.ts";
import type { TokenBatch } from "../../core/tokens.ts";
import { assertClose, assertSame } from "../first_difference.ts";
import { curriculum, key, tokenBatch } from "./arbitraries.ts";

/** Tokens of a gene stage, and a key for the predictions about them. */
interface Case {
  readonly tokens: TokenBatch;
  readonly curriculum: Curriculum;
  readonly stage: Stage;
  readonly key: Key;
}

const GENES = 9, LENGTH = 6, WIDTH = 4;

/**
 * Registers the laws of a distiller as tests: its penalty is zero where the student agrees with its
 * teacher and positive where it does not, its gradient is finite in both places, its parts add up, no
 * gradient flows into the teacher, neither padding nor the stage's own genes are held against a
 * teacher that never saw them, and whoever asks again is told the same.
 *
 * @param make Makes one as an experiment would; called anew for every check.
 */
export function distillerLaws(name: string, make: () => Distiller): void {
  const law = (claim: string, check: (given: Case, distiller: Distiller) => void) =>
    Deno.test(`${name} ${claim}`, async () => {
      await tf.setBackend("cpu");
      fc.assert(fc.property(cases(), (given) => tf.tidy(() => check(given, make()))));
    });
  const shareFor = (distiller: Distiller, { tokens, stage, curriculum }: Case) =>
    table(shareOf(distiller.select(tokens, stage, curriculum)), LENGTH);

  law("punishes nothing where student and teacher agree", (given, distiller) => {
    const said = predictions(given, "teacher");
    assertSame(valueOf(distiller.penalty(said, said, shareFor(distiller, given))), 0);
  });

  law("punishes every difference, and finitely", (given, distiller) => {
    const [student, teacher] = [predictions(given, "student"), predictions(given, "teacher")];
    const share = shareFor(distiller, given);
    const penalty = valueOf(distiller.penalty(student, teacher, share));
    const selects = tf.sum(share).arraySync() as number > 0;
    ok(Number.isFinite(penalty) && (selects ? penalty > 0 : penalty === 0), `it is ${penalty}`);
    ok(Number.isFinite(distiller.weight) && distiller.weight >= 0);
  });

  law("has a finite gradient, also where student and teacher agree", (given, distiller) => {
    const share = shareFor(distiller, given), source = predictions(given, "student").mlm;
    const check = (where: string, teacher: Prediction) =>
      tf.grad((x) => distiller.penalty(scaled(x, 1, 2), teacher, share))(source).dataSync()
        .forEach((slope) => ok(Number.isFinite(slope), `${where}, its gradient is ${slope}`));
    check("where student and teacher agree, as every stage begins", scaled(source, 1, 2));
    check("where student and teacher differ", scaled(source, 3, -1));
  });

  law("adds up over the parts of a batch", (given, distiller) => {
    const [student, teacher] = [predictions(given, "student"), predictions(given, "teacher")];
    const share = shareFor(distiller, given), whole = distiller.penalty(student, teacher, share);
    const parts = given.tokens.cells.reduce((sum, _, row) => {
      const one = (x: tf.Tensor2D) => tf.slice(x, [row, 0], [1, -1]);
      const part = (said: Prediction) => ({
        mlm: one(said.mlm),
        mvc: one(said.mvc),
        cells: one(said.cells),
      });
      return sum + valueOf(distiller.penalty(part(student), part(teacher), one(share)));
    }, 0);
    assertClose(parts, valueOf(whole), { relative: 1e-5, absolute: 1e-7 });
  });

  law("sends no gradient into the teacher", (given, distiller) => {
    const share = shareFor(distiller, given), source = predictions(given, "student").mlm;
    // Student and teacher depend on the same numbers; the gradient must be the student's alone.
    const gradient = (teacher: (x: tf.Tensor) => Prediction) =>
      tf.grad((x) => distiller.penalty(scaled(x, 1, 2), teacher(x), share))(source)
        .dataSync();
    const fixed = scaled(source, 3, -1), expected = gradient(() => fixed);
    assertSame(gradient((x) => scaled(x, 3, -1)), expected);
    const selects = tf.sum(share).arraySync() as number > 0;
    ok(!selects || expected.some((g) => g !== 0), "the student gets no gradient either");
  });

  law("selects neither padding nor the stage's own genes", (given, distiller) => {
    const { tokens, stage, curriculum } = given;
    const selected = distiller.select(tokens, stage, curriculum);
    assertSame(selected.length, tokens.genes.length);
    for (let p = 0; p < selected.length; p++) {
      ok(selected[p] === 0 || selected[p] === 1, `position ${p} is marked ${selected[p]}`);
      if (selected[p] === 0) continue;
      ok(tokens.padding[p] === 0, `position ${p} is padding`);
      ok(!isOwn(given, p), `position ${p} is gene ${tokens.genes[p]} of the stage itself`);
    }
  });

  law("shows the teacher nothing that the student does not see", (given, distiller) => {
    const { tokens, stage, curriculum } = given,
      taught = distiller.teach(tokens, stage, curriculum);
    for (let p = 0; p < tokens.genes.length; p++) {
      if (taught.padding[p] !== 0) continue;
      ok(tokens.padding[p] === 0, `position ${p} is padding, but not for the teacher`);
      assertSame(taught.genes[p], tokens.genes[p]);
      assertSame(taught.input[p], tokens.input[p]);
    }
    assertSame({ length: taught.length, cells: taught.cells }, {
      length: tokens.length,
      cells: tokens.cells,
    });
  });

  law("selects, teaches and punishes the same when it is asked again", (given, distiller) => {
    const { tokens, stage, curriculum } = given;
    const [student, teacher] = [predictions(given, "student"), predictions(given, "teacher")];
    const share = shareFor(distiller, given);
    const answers = (asked: Distiller) => ({
      selected: asked.select(tokens, stage, curriculum),
      taught: asked.teach(tokens, stage, curriculum),
      penalty: valueOf(asked.penalty(student, teacher, share)),
    });
    const first = structuredClone(answers(distiller));
    assertSame(answers(distiller), first);
    // A run that is resumed asks a distiller that is made anew.
    assertSame(answers(make()), first);
  });

  law("never writes the tokens", (given, distiller) => {
    const { tokens, stage, curriculum } = given, before = structuredClone(tokens);
    distiller.teach(tokens, stage, curriculum);
    distiller.select(tokens, stage, curriculum);
    assertSame(tokens, before);
  });

  law("leaves no tensor behind", (given, distiller) => {
    const [student, teacher] = [predictions(given, "student"), predictions(given, "teacher")];
    const share = shareFor(distiller, given), before = tf.memory().numTensors;
    tf.tidy(() => distiller.penalty(student, teacher, share)).dispose();
    assertSame(tf.memory().numTensors, before);
  });
}

function cases(): fc.Arbitrary<Case> {
  return fc.record({
    tokens: tokenBatch({ genes: GENES, maxCells: 3, length: LENGTH }),
    curriculum: curriculum({ genes: GENES, maxSets: 3 }),
    place: fc.nat(),
    key: key(),
  }).map(({ tokens, curriculum, place, key }) => {
    const { stages } = curriculum;
    return { tokens, curriculum, stage: stages[1 + place % (stages.length - 1)], key };
  });
}

function isOwn({ tokens, stage, curriculum }: Case, position: number): boolean {
  const rank = curriculum.rank[tokens.genes[position]];
  return rank >= stage.from && rank < stage.to;
}

/** What some model says about the tokens: normal numbers. */
function predictions({ tokens, key }: Case, who: string): Prediction {
  const draw = (what: string, width: number) => {
    const random = stream(derive(key, who, what));
    return table(new Float32Array(tokens.cells.length * width).map(random.normal), width);
  };
  return { mlm: draw("mlm", LENGTH), mvc: draw("mvc", LENGTH), cells: draw("cells", WIDTH) };
}

/** What a model says that takes everything from the same numbers, times two factors. */
const scaled = (x: tf.Tensor, mlm: number, others: number): Prediction => ({
  mlm: tf.mul(x, mlm),
  mvc: tf.mul(x, others),
  cells: tf.slice(tf.mul<tf.Tensor2D>(x, others), [0, 0], [-1, WIDTH]),
});

const table = (values: Float32Array, width: number) =>
  tf.tensor2d(values, [values.length / width, width]);

const valueOf = (scalar: tf.Scalar): number => scalar.arraySync();
