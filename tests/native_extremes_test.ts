/**
 * Whole steps of `native` on cells of every kind of length and value, against plain JavaScript.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fillWeights } from "../core/model/architecture.ts";
import { learningProgram, predictingProgram } from "../core/model/objective.ts";
import { type Arrays, at, type Engine, layoutOf } from "../core/model/program.ts";
import { derive, keyOf, stream } from "../core/random.ts";
import { clsId, padId } from "../core/tokens.ts";
import { transformer } from "../plugins/mod.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { difference } from "../streams/engine/rehearsal.ts";
import { learner } from "../streams/learner.ts";
import { assertSame } from "./first_difference.ts";
import { withNative } from "./native_opened.ts";

const GENES = 30, KEY = keyOf(8);
const architectureFor = (length: number) =>
  transformer({
    layers: 1,
    width: 4,
    heads: length > 100 ? 1 : 2,
    embedding: 4,
    feedForward: 4,
    dropout: 0.15,
  })({
    genes: GENES,
    length,
  });

/**
 * Unpadded positions of cells that are full, of a single gene, and of padding alone; the first only of
 * long ones, which take long.
 */
const cellsOf = (length: number): number[] =>
  length > 100 ? [length] : [length, Math.min(2, length), 0];

/**
 * Those cells, with values as `valueOf` draws them. Padding that is alone has genes too: which counts
 * for how much could not be told from positions that are all the same.
 */
function feedsOf(length: number, valueOf: (place: number) => number): Arrays {
  const filled = cellsOf(length), size = filled.length * length;
  const random = stream(derive(KEY, "cells", length));
  const there = (i: number) => i % length < filled[Math.floor(i / length)];
  const alone = (i: number) => filled[Math.floor(i / length)] === 0;
  const genes = Int32Array.from(
    { length: size },
    (_, i) =>
      !there(i) && !alone(i) ? padId(GENES) : i % length === 0 ? clsId(GENES) : random.below(GENES),
  );
  const values = Float32Array.from(genes, (gene, i) => gene < GENES ? valueOf(i) : 0);
  const masked = Array.from(genes, (gene, i) => gene < GENES && there(i) && i % 2 === 1);
  const count = Math.max(1, masked.filter(Boolean).length);
  return {
    genes,
    input: values.map((value, i) => masked[i] ? -1 : value),
    target: values.map((value) => Math.min(value, 512)),
    padding: Float32Array.from(genes, (_, i) => there(i) ? 0 : 1),
    share: Float32Array.from(masked, (masked) => masked ? 1 / count : 0),
  };
}

/** Loss, predictions and gradients of a step. */
async function stepped(engine: Engine, length: number, feeds: Arrays, factor = 1) {
  const architecture = architectureFor(length), layout = layoutOf(architecture.weights);
  const weights = new Float32Array(layout.size);
  fillWeights(weights, layout, architecture.weights, KEY);
  const state = engine.allocate(layout, "training");
  await state.write("weights", weights.map((weight) => weight * factor));
  const shape = { cells: cellsOf(length).length, length };
  const learning = await engine.compile(learningProgram(architecture, shape), layout);
  const predicting = await engine.compile(predictingProgram(architecture, shape), layout);
  const { genes, input, padding } = feeds;
  const said = await predicting.run(state, { genes, input, padding }, KEY);
  const { mlm, mvc, cells } = said as Record<string, Float32Array>;
  // Nobody may look at what is predicted where a cell has ended.
  const there = (_: number, i: number) =>
    i % length < (cellsOf(length)[Math.floor(i / length)] || length);
  const predictions = [mlm.filter(there), mvc.filter(there), cells.slice()];
  const { loss } = await learning.run(state, feeds, KEY);
  return { loss: loss[0], predictions, gradients: await state.read("gradients") };
}

/** How far numbers are apart, as a share of their size; 0 where all are 0. */
const apart = (actual: Float32Array, expected: Float32Array): number =>
  expected.every((x) => x === 0) && actual.every((x) => x === 0) ? 0 : difference(actual, expected);

async function assertAgrees(engine: Engine, length: number, feeds: Arrays, factor = 1) {
  const oracle = cpuEngine();
  const [actual, expected] = [
    await stepped(engine, length, feeds, factor),
    await stepped(oracle, length, feeds, factor),
  ];
  await oracle.close();
  const places = { gradients: [actual.gradients, expected.gradients] } as Record<
    string,
    Float32Array[]
  >;
  actual.predictions.forEach((values, i) =>
    places[`prediction ${i}`] = [values, expected.predictions[i]]
  );
  for (const [what, [mine, theirs]] of Object.entries(places)) {
    assert.ok(theirs.every(Number.isFinite), `${what} of the oracle at length ${length}`);
    assert.ok(
      apart(mine, theirs) <= 1e-4,
      `${what} at length ${length}: ${apart(mine, theirs)} apart`,
    );
  }
  assert.ok(Math.abs(actual.loss - expected.loss) <= 1e-4 * Math.abs(expected.loss) + 1e-12);
}

await withNative((open) => {
  for (const length of [1, 2, 31, 32, 33, 512, 513]) {
    Deno.test(`native() takes a step as plain JavaScript does at length ${length}`, async () => {
      const engine = open(2);
      await assertAgrees(engine, length, feedsOf(length, (i) => Math.log1p(i % 7)));
      await engine.close();
    });
  }

  const kinds = {
    "huge values": [() => 1e30, 1],
    "values of all sizes": [(i: number) => [3.4e38, 1e-40, 0, -0, 1e-45, 511, 2 ** -126][i % 7], 1],
    "nothing but zeros": [() => 0, 1],
    "denormal values": [() => 1e-41, 1],
    "weights near zero": [(i: number) => i % 5, 1e-30],
    "larger weights": [(i: number) => i % 5, 3],
  } as const;
  for (const [kind, [valueOf, factor]] of Object.entries(kinds)) {
    Deno.test(`native() takes a step as plain JavaScript does on ${kind}`, async () => {
      const engine = open(2);
      await assertAgrees(engine, 33, feedsOf(33, valueOf), factor);
      await engine.close();
    });
  }

  Deno.test("native() notices what is not finite, says where, and leaves the weights as they were", async () => {
    const length = 33, architecture = architectureFor(length), shape = { genes: GENES, length };
    const layout = layoutOf(architecture.weights), good = new Float32Array(layout.size);
    fillWeights(good, layout, architecture.weights, KEY);
    const { genes, input, target, padding } = feedsOf(length, (i) => Math.log1p(i % 7));
    const batch = (values: Float32Array) => ({
      cells: Uint32Array.of(0, 1, 2),
      length,
      genes: genes as Int32Array,
      input: values,
      target: target as Float32Array,
      padding: Uint8Array.from(padding),
      masked: Uint8Array.from(input, (value) => value === -1 ? 1 : 0),
      obs: {},
    });
    const step = { step: 3, rate: 0.01, key: KEY };
    for (const wrong of [NaN, Infinity, -Infinity]) {
      const spoilt = good.slice(),
        slot = layout.slots.find(({ name }) => name.includes("linear2.weight"))!;
      at(spoilt, slot)[5] = wrong;
      const fed = (input as Float32Array).slice();
      fed[2] = wrong === -Infinity ? NaN : wrong;
      const engine = open(2), models = learner({ engine, architecture, shape, cells: 2 });
      const cases = [[
        spoilt,
        input as Float32Array,
        /first seen in linear "encoder\.layers\.0\.linear2"/,
      ]];
      // Infinity counts as the largest value that is read.
      if (wrong !== Infinity) cases.push([good, fed, /first seen in input "input"/]);
      for (const [weights, values, where] of cases as [Float32Array, Float32Array, RegExp][]) {
        const model = models.hold(weights);
        await assert.rejects(
          () => model.learn([{ tokens: batch(values) }], step),
          (error: Error) => {
            assert.equal(error.name, "RunError");
            assert.match(
              error.message,
              /^Cannot go on after step 3: the loss is (NaN|-?Infinity), first seen in /,
            );
            assert.match(error.message, where);
            return true;
          },
        );
        assertSame(await model.weights(), weights);
        model.close();
      }
      await engine.close();
    }
  });
});
