/**
 * Programs that are run cell by cell: any number of cells on any number of threads.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { ok } from "node:assert/strict";
import { layerNorm, linear, maskedMeanSquare } from "../core/model/composites/mod.ts";
import { learningProgram } from "../core/model/objective.ts";
import { at, layoutOf } from "../core/model/program.ts";
import { keyOf, stream } from "../core/random.ts";
import { transformer } from "../plugins/mod.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { difference, rehearse } from "../streams/engine/rehearsal.ts";
import { multiply, normalise } from "./doubles.ts";
import { assertSame } from "./first_difference.ts";
import { withNative } from "./native_opened.ts";
import { ran } from "./native_runs.ts";
import { smallArchitectures } from "./small_architectures.ts";

const SHAPE = { genes: 40, length: 10 };
const architecture = smallArchitectures.transformer(SHAPE);
const part = (cells: number) => ({ architecture, shape: SHAPE, cells, key: keyOf(2) });

await withNative((open) => {
  Deno.test("native() adds up more cells than it has in memory at a time", async () => {
    // Rows of 29 such cells are more than a round has room for, on 7 threads too.
    const shape = { genes: 60, length: 40 }, wide = { embedding: 512, width: 16 };
    const architecture = transformer({ ...wide, layers: 1, heads: 2, dropout: 0.2 })(shape);
    const given = { architecture, shape, cells: 29, key: keyOf(2) };
    const oracle = cpuEngine(), expected = await rehearse(oracle, given, 2);
    for (const threads of [1, 2, 3, 7]) {
      const engine = open(threads), actual = await rehearse(engine, given, 2);
      actual.gradients.forEach((gradients, step) => {
        const apart = difference(gradients, expected.gradients[step]);
        ok(apart <= 1e-5, `gradients on ${threads} threads differ by ${apart}`);
      });
      await engine.close();
    }
    await oracle.close();
  });

  Deno.test("native() gives the same bits for the same number of threads", async () => {
    const trained = async () => {
      const engine = open(3), { losses, gradients } = await rehearse(engine, part(17), 3);
      await engine.close();
      return { losses, gradients };
    };
    assertSame(await trained(), await trained());
  });

  Deno.test("native() adds up thousands of rows without losing digits to their sum", async () => {
    const rows = 8192, width = 24, random = stream(keyOf(4)), engine = open(1);
    const uniforms = () => Float32Array.from({ length: rows * width }, random.uniform);
    const table = { shape: [rows, width], dtype: "float32" } as const, vector = [width];
    const shapes = { weight: [width, width], bias: vector, scale: vector, shift: vector };
    const layout = layoutOf(Object.entries(shapes).map(([name, shape]) => ({ name, shape })));
    const state = engine.allocate(layout, "training");
    const compiled = await engine.compile({
      name: "sums",
      purpose: "learn",
      inputs: { x: table, dy: table },
      apply({ weight, bias, scale, shift }, inputs) {
        const { x, dy } = inputs as Readonly<Record<string, tf.Tensor2D>>;
        const values = [linear(x, { weight, bias }), layerNorm(x, { weight: scale, bias: shift })];
        return { loss: tf.sum(tf.mul(tf.addN(values), dy)) };
      },
    }, layout);
    const x = uniforms(), dy = uniforms();
    await compiled.run(state, { x, dy }, keyOf(0));
    const gradients = await state.read("gradients");
    const ones = new Float32Array(width).fill(1), sum = Float64Array.from(x);
    const norms = normalise({ sum, weight: ones, bias: ones, width }, dy);
    const across = x.map((_, i) => x[i % rows * width + Math.floor(i / rows)]);
    const expected = {
      weight: multiply({ a: across, b: dy, rows: width, depth: rows, columns: width }),
      bias: norms.dBias,
      scale: norms.dWeight,
      shift: norms.dBias,
    };
    for (const slot of layout.slots) {
      const apart = difference(
        at(gradients, slot),
        expected[slot.name as keyof typeof expected] as never,
      );
      ok(apart <= 6e-7, `the gradient by ${slot.name} differs by ${apart}`);
    }
    await engine.close();
  });

  Deno.test("native() adds up a million errors without losing digits to their sum", async () => {
    const count = 2 ** 20, random = stream(keyOf(5)), shape = [1024, 1024] as const;
    const uniforms = () => Float32Array.from({ length: count }, random.uniform);
    const prediction = uniforms(), target = uniforms(), share = uniforms();
    const { value } = await ran(open(1), {
      weights: { prediction: [prediction, shape] },
      fed: { target, share, dy: Float32Array.of(1) },
      apply({ prediction }, inputs) {
        const [target, share] = [inputs.target, inputs.share]
          .map((x) => tf.reshape<tf.Rank.R2>(x, [...shape]));
        return { value: maskedMeanSquare(prediction as tf.Tensor2D, target, share) };
      },
    });
    const expected = prediction.reduce((sum, x, i) => sum + share[i] * (x - target[i]) ** 2, 0);
    const apart = Math.abs(value[0] / expected - 1);
    ok(apart <= 2e-7, `the sum differs by ${apart}`);
  });

  Deno.test("native() takes no more memory for more cells than what they are fed", async () => {
    const engine = open(2), layout = layoutOf(architecture.weights);
    const bytes = (cells: number) =>
      engine.estimate(learningProgram(architecture, { cells, length: SHAPE.length }), layout);
    // Five inputs of 4 bytes a position, five scalars, and lines of the cache that are not full.
    const fed = 4 * 5 * SHAPE.length + 4 * 5;
    // Up to a number of them, rows of small cells wait in memory for each other.
    const grown = bytes(20016) - bytes(19016);
    ok(grown <= 1000 * fed + 64 * 10, `${grown} bytes more for 1000 cells more`);
    await engine.close();
  });
});
