import assert from "node:assert/strict";
import fc from "fast-check";
import { fillWeights } from "../core/model/architecture.ts";
import type { Distiller } from "../core/distiller.ts";
import { ExperimentError } from "../core/errors.ts";
import { learningFeeds, lessonFeeds, shareOf, tokenFeeds } from "../core/model/feeds.ts";
import { learningProgram, predictingProgram } from "../core/model/objective.ts";
import { at, layoutOf } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import { clsId, padId } from "../core/tokens.ts";
import { transformer } from "../plugins/architectures/transformer.ts";
import { geneDistillation } from "../plugins/distillers/gene_distillation.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { tokenBatch } from "./laws/arbitraries.ts";
import { architectureLaws } from "./laws/architecture_laws.ts";

const tiny = { layers: 2, width: 8, heads: 2, embedding: 6, feedForward: 5 };

architectureLaws("transformer()", transformer(tiny));
architectureLaws('transformer() with pooling "mean"', transformer({ ...tiny, pooling: "mean" }));

const GENES = 7, LENGTH = 5;
const shape = { genes: GENES, length: LENGTH };
const batches = tokenBatch({ genes: GENES, maxCells: 5, length: LENGTH });

Deno.test("transformer() begins all layers alike, as PyTorch copies the first", () => {
  const { weights } = transformer(tiny)(shape), layout = layoutOf(weights);
  const buffer = new Float32Array(layout.size);
  fillWeights(buffer, layout, weights, keyOf(3));
  const layer = (i: number) =>
    layout.slots.filter(({ name }) => name.startsWith(`encoder.layers.${i}.`))
      .map((slot) => at(buffer, slot));
  assert.equal(layer(0).length, 12);
  assertSame(layer(1), layer(0));
});

Deno.test("transformer() begins within the bounds that PyTorch keeps", () => {
  const { weights } = transformer({ width: 32, heads: 4, layers: 1 })({ ...shape, genes: 97 });
  const layout = layoutOf(weights), buffer = new Float32Array(layout.size);
  fillWeights(buffer, layout, weights, keyOf(4));
  const bounds: Record<string, number> = {
    "embedding.weight": Math.sqrt(6 / (100 + 256)),
    "emb_trans.weight": 1 / 16,
    "emb_trans.bias": 1 / 16,
    "value_encoder.0.weight": Math.sqrt(6 / 33),
    "value_encoder.2.weight": Math.sqrt(6 / 64),
    "decoder.4.weight": Math.sqrt(6 / 33),
    "gene2query.0.weight": Math.sqrt(6 / 64),
    "gene2query.4.bias": 0,
    "encoder.layers.0.self_attn.in_proj.weight": Math.sqrt(6 / 128),
    "encoder.layers.0.self_attn.in_proj.bias": 0,
    "encoder.layers.0.self_attn.out_proj.weight": Math.sqrt(1 / 32),
    "encoder.layers.0.self_attn.out_proj.bias": 0,
    "encoder.layers.0.linear1.weight": Math.sqrt(1 / 32),
    "encoder.layers.0.linear1.bias": Math.sqrt(1 / 32),
  };
  for (const [name, bound] of Object.entries(bounds)) {
    const values = at(buffer, layout.slots.find((slot) => slot.name === name)!);
    const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    assert.ok(largest <= bound && largest >= 0.7 * bound, `${name}: ${largest} of ${bound}`);
  }
  const ones = at(buffer, layout.slots.find(({ name }) => name.endsWith("norm2.weight"))!);
  assertSame(ones, new Float32Array(32).fill(1));
});

Deno.test("transformer() refuses heads that do not divide the width", () => {
  assert.throws(
    () => transformer({ width: 30, heads: 4 }),
    (error) => error instanceof ExperimentError && /width 30 with 4 heads: /.test(error.message),
  );
});

/** Runs one learning program, part by part, and hands over the losses' sums and the gradients. */
async function learned(
  tokens: Parameters<typeof tokenFeeds>[0],
  cells: number,
  taught?: { distiller: Distiller; seed: number },
) {
  const architecture = transformer({ ...tiny, dropout: 0, pooling: "mean" })(shape);
  const layout = layoutOf(architecture.weights), engine = cpuEngine();
  const begin = async (seed: number) => {
    const state = engine.allocate(layout, "training"), weights = new Float32Array(layout.size);
    fillWeights(weights, layout, architecture.weights, keyOf(seed));
    await state.write("weights", weights);
    return state;
  };
  const state = await begin(1), rows = tokens.cells.length, share = shareOf(tokens.masked);
  const whole = { cells: rows, length: LENGTH };
  const program = learningProgram(architecture, { ...whole, cells }, taught?.distiller);
  const compiled = await engine.compile(program, layout);
  const said = await (await engine.compile(predictingProgram(architecture, whole), layout))
    .run(await begin(taught?.seed ?? 1), tokenFeeds(tokens, { from: 0, cells: rows }), keyOf(0));
  const lesson = {
    ...said as Record<"mlm" | "mvc" | "cells", Float32Array>,
    kept: shareOf(tokens.padding.map((pad) => 1 - pad)),
  };
  const sums: Record<string, number> = { loss: 0, mlm: 0, mvc: 0, distil: 0 };
  for (let from = 0; from < rows; from += cells) {
    const feeds = learningFeeds(tokens, share, { from, cells });
    const more = taught ? lessonFeeds(lesson, tokens, { from, cells }) : {};
    const losses = await compiled.run(state, { ...feeds, ...more }, keyOf(0));
    for (const name in sums) sums[name] += losses[name][0];
  }
  const gradients = await state.read("gradients");
  await engine.close();
  return { sums, gradients, layout };
}

Deno.test("learningProgram() adds up over the parts of a batch, rows that are filled up included", () =>
  fc.assert(
    fc.asyncProperty(batches, fc.integer({ min: 1, max: 6 }), async (tokens, cells) => {
      const distiller = geneDistillation({ weight: 0.5 }), taught = { distiller, seed: 2 };
      const whole = await learned(tokens, tokens.cells.length, taught);
      const parts = await learned(tokens, cells, taught);
      assertClose(parts.sums, whole.sums, { relative: 1e-5, absolute: 1e-6 });
      assertClose(parts.gradients, whole.gradients, { relative: 1e-4, absolute: 1e-5 });
    }),
    { numRuns: 10 },
  ));

Deno.test("learningProgram() weighs the distiller's penalty, which vanishes for an equal teacher", () =>
  fc.assert(
    fc.asyncProperty(batches, async (tokens) => {
      const cells = tokens.cells.length, distiller = geneDistillation({ weight: 3 });
      const { sums: alone, gradients } = await learned(tokens, cells);
      const same = await learned(tokens, cells, { distiller, seed: 1 });
      assertClose(same.sums, { ...alone, distil: 0 }, { relative: 1e-6, absolute: 1e-9 });
      assertClose(same.gradients, gradients, { absolute: 1e-6 });

      const { sums: other } = await learned(tokens, cells, { distiller, seed: 2 });
      assert.ok(other.distil > 0);
      const expected = { ...alone, distil: other.distil, loss: alone.loss + 3 * other.distil };
      assertClose(other, expected, { relative: 1e-5 });
    }),
    { numRuns: 10 },
  ));

Deno.test("learningProgram() gives the padding's row of the gene table no gradient", () =>
  fc.assert(
    fc.asyncProperty(batches, async (tokens) => {
      const { gradients, layout } = await learned(tokens, tokens.cells.length);
      const table = at(gradients, layout.slots[0]), { embedding } = tiny;
      const row = (id: number) => table.subarray(id * embedding, (id + 1) * embedding);
      assertSame(row(padId(GENES)), new Float32Array(embedding));
      if (tokens.masked.includes(1)) {
        assert.ok(row(clsId(GENES)).some((gradient) => gradient !== 0));
      }
    }),
    { numRuns: 10 },
  ));
