import assert from "node:assert/strict";
import type { Architecture, Shape } from "../core/model/architecture.ts";
import { ExperimentError } from "../core/errors.ts";
import { learningFeeds } from "../core/model/feeds.ts";
import { learningProgram, predictingProgram } from "../core/model/objective.ts";
import { at, layoutOf } from "../core/model/program.ts";
import { keyOf, stream } from "../core/random.ts";
import { clsId } from "../core/tokens.ts";
import { cnn } from "../plugins/architectures/cnn.ts";
import { mamba } from "../plugins/architectures/mamba.ts";
import { mlp } from "../plugins/architectures/mlp.ts";
import { mlpOurs } from "../plugins/architectures/mlp_ours.ts";
import { geneDistillation } from "../plugins/distillers/gene_distillation.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { madeUpTokens } from "../streams/engine/rehearsal.ts";
import { assertSame } from "./first_difference.ts";
import { firstWeights } from "./laws/asked.ts";
import { architectureLaws } from "./laws/architecture_laws.ts";

const GENES = 20;
const tiny = { layers: 2, width: 8, embedding: 6 };

architectureLaws("mlp()", mlp(tiny));
architectureLaws("mamba()", mamba(tiny), { order: "seen" });
architectureLaws("mlpOurs()", mlpOurs(tiny), { order: "seen" });
architectureLaws("cnn()", cnn(tiny), { order: "seen" });
architectureLaws('cnn() with order "vocabulary"', cnn({ ...tiny, order: "vocabulary" }));

Deno.test("learningProgram() distils what the cell embedding tells where nothing else is predicted", async () => {
  const shape = { genes: GENES, length: 4 }, architecture = cnn(tiny)(shape);
  const engine = cpuEngine(), layout = layoutOf(architecture.weights);
  const tokens = madeUpTokens(shape, 2, keyOf(3)), none = new Float32Array(8);
  const program = learningProgram(architecture, { cells: 2, length: 4 }, geneDistillation());
  const state = engine.allocate(layout, "training");
  await state.write("weights", firstWeights(architecture, keyOf(1)));
  const compiled = await engine.compile(program, layout);
  await compiled.run(state, {
    ...learningFeeds(tokens, none, { from: 0, cells: 2 }),
    "teacher.mlm": new Float32Array(8).fill(9),
    "teacher.mvc": none,
    "teacher.cells": new Float32Array(16),
    kept: new Float32Array(8).fill(1 / 8),
  }, keyOf(0));
  assert.ok((await state.read("gradients")).some((gradient) => gradient !== 0));
  await engine.close();
});

/** What an architecture says of one cell, after one change. */
async function said(architecture: Architecture, length: number, change: (feeds: Feeds) => void) {
  const engine = cpuEngine(), layout = layoutOf(architecture.weights), random = stream(keyOf(2));
  const state = engine.allocate(layout, "inference"),
    weights = firstWeights(architecture, keyOf(1));
  await state.write("weights", weights.map((weight) => weight + 0.1 * random.normal()));
  const feeds = {
    genes: Int32Array.from({ length }, (_, p) => p === 0 ? clsId(GENES) : p - 1),
    input: Float32Array.from({ length }, (_, p) => p),
    padding: new Float32Array(length),
  };
  change(feeds);
  const compiled = await engine.compile(
    predictingProgram(architecture, { cells: 1, length }),
    layout,
  );
  const outputs = await compiled.run(state, feeds, keyOf(0));
  await engine.close();
  return outputs;
}

interface Feeds {
  readonly genes: Int32Array;
  readonly input: Float32Array;
  readonly padding: Float32Array;
}

/** Positions whose predicted values differ. */
async function changedBy(
  make: (shape: Shape) => Architecture,
  position: number,
): Promise<number[]> {
  const length = 12, architecture = make({ genes: GENES, length });
  const before = await said(architecture, length, () => {});
  const after = await said(architecture, length, ({ input }) => void (input[position] = 100));
  return [...before.mlm.keys()].filter((p) => before.mlm[p] !== after.mlm[p]);
}

Deno.test("mlp() tells each position's value from that position alone", async () => {
  assert.deepEqual(await changedBy(mlp(tiny), 5), [5]);
});

Deno.test("mamba() tells each position's value from it and those before it", async () => {
  assert.deepEqual(await changedBy(mamba(tiny), 5), [5, 6, 7, 8, 9, 10, 11]);
});

Deno.test("mamba() begins with steps between 0.001 and 0.1 and rates 1, 2, 3 and 4", () => {
  const architecture = mamba({ layers: 1, width: 32 })({ genes: GENES, length: 5 });
  const layout = layoutOf(architecture.weights), all = firstWeights(architecture, keyOf(3));
  const values = (name: string) =>
    at(all, layout.slots.find((slot) => slot.name === `encoder.layers.0.mixer.${name}`)!);
  const steps = values("dt_proj.bias").map((bias) => Math.log1p(Math.exp(bias)));
  assert.ok(steps.every((step) => step > 0.00099 && step < 0.101));
  assert.ok(Math.max(...steps) > 10 * Math.min(...steps));
  const rates = [...values("A_log")].map((log) => Math.round(Math.exp(log)));
  assertSame(rates, [1, 2, 3, 4].flatMap((rate) => new Array(64).fill(rate)));
  assertSame(values("D"), new Float32Array(64).fill(1));
});

Deno.test("cnn() refuses lengths that cannot be halved", () => {
  assert.throws(() => cnn({})({ genes: GENES, length: 513 }), (error) => {
    assert.ok(error instanceof ExperimentError);
    assert.equal(
      error.message,
      'Cannot build architecture "cnn" of 6 layers for 513 positions: they are halved 5 times; ' +
        "use 512, that is 511 genes and the cell token",
    );
    return true;
  });
  cnn({})({ genes: GENES, length: 512 });
  cnn({ layers: 7 })({ genes: GENES, length: 32 });
});
