/**
 * Models, vocabularies and batches of all sizes on `native`, and the memory that they take.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { fillWeights } from "../core/model/architecture.ts";
import { learningProgram } from "../core/model/objective.ts";
import { at, type Engine, layoutOf } from "../core/model/program.ts";
import { derive, keyOf } from "../core/random.ts";
import { openEngine as openNative } from "../plugins/engines/native/engine.ts";
import { openEngine as openOnnx } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { transformer } from "../plugins/mod.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { fit } from "../streams/engine/memory.ts";
import { difference, madeUpTokens, rehearse } from "../streams/engine/rehearsal.ts";
import { learner } from "../streams/learner.ts";
import { attends } from "./native_attends.ts";
import { kernelsHere, withNative } from "./native_opened.ts";

const KEY = keyOf(4);
const SMALL = { layers: 1, width: 8, heads: 1, embedding: 8, dropout: 0 };

/** Bytes that a training step of `cells` cells takes. */
function bytesOf(engine: Engine, length: number, cells = 4): number {
  const architecture = transformer(SMALL)({ genes: 50, length });
  return engine.estimate(
    learningProgram(architecture, { cells, length }),
    layoutOf(architecture.weights),
  );
}

await withNative((open) => {
  for (const [width, heads] of [[32, 1], [32, 4], [128, 16], [256, 2], [1024, 8]]) {
    Deno.test(`native() learns at width ${width} with ${heads} heads as plain JavaScript does`, async () => {
      const shape = { genes: 20, length: 3 };
      const build = transformer({ layers: 1, width, heads, embedding: width, feedForward: 32 });
      const part = { architecture: build(shape), shape, cells: 2, key: KEY };
      const engine = open(2), oracle = cpuEngine();
      const [actual, expected] = [await rehearse(engine, part, 1), await rehearse(oracle, part, 1)];
      const apart = difference(actual.gradients[0], expected.gradients[0]);
      assert.ok(apart <= 1e-5, `${apart} apart`);
      await engine.close();
    });
  }

  Deno.test("native() attends with 1 to 16 heads of 8 to 128 as doubles do", () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.nat(),
          cells: fc.constant(1),
          length: fc.integer({ min: 1, max: 40 }),
          heads: fc.constantFrom(1, 2, 7, 16),
          width: fc.integer({ min: 8, max: 128 }),
          rate: fc.constantFrom(0, 0.15),
          size: fc.constant(1),
          unpadded: fc.constantFrom(0.5, 1),
        }),
        (shape) => attends(open(2), shape),
      ),
      { numRuns: 12 },
    ));

  Deno.test("native() learns a table of 60,697 genes as dense Adam does", async () => {
    const shape = { genes: 60_697, length: 6 }, architecture = transformer(SMALL)(shape);
    const part = { architecture, shape, cells: 2, key: KEY };
    /** The table after each step. */
    const tables = async (engine: Engine) => {
      const found: Float32Array[] = [];
      const optimise: Engine["optimise"] = async (state, step) => {
        await engine.optimise(state, step);
        found.push(at(await state.read("weights"), state.layout.slots[0]).slice());
      };
      await rehearse({ ...engine, optimise }, part, 3);
      await engine.close();
      return found;
    };
    const [actual, expected] = [await tables(open(2)), await tables(cpuEngine())];
    expected.forEach((table, step) => {
      const apart = difference(actual[step], table);
      assert.ok(apart <= 1e-5, `${apart} apart after step ${step + 1}`);
    });
    // A row that only the first step reads goes on moving, by what Adam remembers.
    const [first, second] = [1, 2].map((step) =>
      madeUpTokens(shape, part.cells, derive(KEY, "cells", step)).genes
    );
    const gene = first.find((gene) => gene < shape.genes && !second.includes(gene))!;
    const row = (table: Float32Array) => table.subarray(8 * gene, 8 * (gene + 1));
    assert.ok(row(actual[1]).every((weight, i) => weight !== row(actual[0])[i]));
  });

  Deno.test("native() takes memory that grows as the length does, not as its square", () => {
    const engine = open(2);
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 2048 }), (length) => {
        const [one, two] = [bytesOf(engine, length), bytesOf(engine, 2 * length)];
        assert.ok(two <= 2.2 * one, `${one} bytes at ${length}, ${two} at twice that`);
      }),
      { numRuns: 12 },
    );
    return engine.close();
  });

  Deno.test("native() learns from cells of 4,096 positions", async () => {
    const shape = { genes: 500, length: 4096 };
    const part = { architecture: transformer(SMALL)(shape), shape, cells: 1, key: KEY };
    const engine = open(2), other = await openOnnx(openRuntime(2), 2);
    const [actual, expected] = [await rehearse(engine, part, 1), await rehearse(other, part, 1)];
    const apart = difference(actual.gradients[0], expected.gradients[0]);
    assert.ok(apart <= 1e-4, `${apart} apart`);
    await engine.close();
    await other.close();
  });

  Deno.test("native() learns the same from a batch, however it is cut", async () => {
    const shape = { genes: 40, length: 9 }, architecture = transformer(SMALL)(shape);
    const tokens = madeUpTokens(shape, 7, KEY), layout = layoutOf(architecture.weights);
    const first = new Float32Array(layout.size);
    fillWeights(first, layout, architecture.weights, KEY);
    const learned = async (threads: number, cells: number) => {
      const engine = open(threads);
      let gradients: Float32Array = new Float32Array();
      const optimise: Engine["optimise"] = async (state) => {
        gradients = await state.read("gradients");
      };
      const models = learner({
        engine: { ...engine, optimise },
        architecture,
        shape,
        cells,
        first,
      });
      const step = { step: 0, rate: 0.01, key: derive(KEY, 1) };
      const { loss } = await models.begin(KEY).learn([{ tokens }], step);
      await engine.close();
      return { loss, gradients };
    };
    const expected = await learned(1, 7);
    const cuts = [[1, 1], [3, 1], [2, 2], [3, 2], [4, 3], [3, 5], [2, 7], [8, 7], [2, 8]];
    for (const [threads, cells] of cuts) {
      const { loss, gradients } = await learned(threads, cells);
      assert.ok(Math.abs(loss - expected.loss) <= 1e-5 * expected.loss);
      const apart = difference(gradients, expected.gradients);
      assert.ok(apart <= 1e-5, `${apart} apart on ${threads} threads, ${cells} cells at a time`);
    }
  });
});

const kernels = await kernelsHere();
if (typeof kernels === "object") {
  /** An engine, and the bytes that it has asked for; none beyond `most` are given. */
  const counted = (most = Infinity) => {
    const asked = { bytes: 0 }, { library } = kernels;
    const gil_allocate = (bytes: bigint) => {
      if (Number(bytes) > most) return null;
      asked.bytes += Number(bytes);
      return library.gil_allocate(bytes);
    };
    const engine = openNative({ ...kernels, library: { ...library, gil_allocate } }, 2);
    asked.bytes = 0;
    return { engine, asked };
  };

  Deno.test("native() says what a plan needs before it asks for any memory", async () => {
    const { engine, asked } = counted(), shape = { genes: 60_697, length: 4096 };
    const architecture = transformer({ layers: 6, width: 1024, heads: 16 })(shape);
    const load = { engine, architecture, shape, batch: 64, sides: 1, microBatch: null };
    assert.throws(() => fit({ ...load, memory: 2e9 }), {
      name: "InputError",
      message:
        /^Cannot train with 2.0 GB of memory: the model and one cell of 4096 positions take about \d+\.\d GB; allow more, or make "length" or the model smaller$/,
    });
    assert.equal(asked.bytes, 0);
    await engine.close();
  });

  Deno.test("native() asks for no more memory than it said, and not for much less", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 3, max: 60 }),
        fc.constantFrom(8, 32),
        async (cells, length, width) => {
          const { engine, asked } = counted(), shape = { genes: 50, length };
          const architecture = transformer({ ...SMALL, width })(shape);
          const layout = layoutOf(architecture.weights);
          const told = engine.estimate(learningProgram(architecture, { cells, length }), layout);
          await rehearse(engine, { architecture, shape, cells, key: KEY }, 1);
          await engine.close();
          // Four buffers of the state, and what tells the kernels where all lies.
          const run = asked.bytes - 4 * 4 * layout.size;
          assert.ok(run <= told + 2 ** 16, `${run} bytes for ${told}`);
          assert.ok(run >= told / 4, `${run} bytes for ${told}`);
        },
      ),
      { numRuns: 12 },
    ));

  Deno.test("native() refuses a run for which there is no memory, and goes on", async () => {
    const { engine } = counted(3e5), shape = { genes: 50, length: 200 };
    const part = { architecture: transformer(SMALL)(shape), shape, cells: 2, key: KEY };
    await assert.rejects(() => rehearse(engine, part, 1), {
      name: "RunError",
      message: /^Cannot (run|compile) program "learn 2 × 200": \d+ MB of memory are not to be had$/,
    });
    const short = { genes: 50, length: 5 };
    const { losses } = await rehearse(engine, {
      ...part,
      architecture: transformer(SMALL)(short),
      shape: short,
    }, 1);
    assert.ok(Number.isFinite(losses[0]));
    await engine.close();
  });
}
