import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Architecture } from "../core/model/architecture.ts";
import { linear } from "../core/model/composites/mod.ts";
import { keyOf } from "../core/random.ts";
import type { TokenBatch } from "../core/tokens.ts";
import { transformer } from "../plugins/mod.ts";
import { openEngine } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { madeUpTokens } from "../streams/engine/rehearsal.ts";
import { learner } from "../streams/learner.ts";
import { assertClose, assertSame } from "./first_difference.ts";

const KEY = keyOf(1), shape = { genes: 40, length: 9 };
const step = { step: 0, rate: 1e-3, key: KEY };
const small = transformer({ layers: 2, width: 16, heads: 2, dropout: 0 })(shape);
const tokens = madeUpTokens(shape, 6, KEY);

const engines = {
  cpu: () => Promise.resolve(cpuEngine()),
  onnx: () => openEngine(openRuntime(2), 2),
};

for (const [name, open] of Object.entries(engines)) {
  Deno.test(`learner() on ${name} learns the same in parts of any size`, async () => {
    const engine = await open();
    const after = async (cells: number) => {
      const model = learner({ engine, architecture: small, shape, cells }).begin(KEY);
      const { loss } = await model.learn([{ tokens }], { ...step, rate: 0.01 });
      const weights = await model.weights();
      model.close();
      return { loss: [loss], weights };
    };
    const whole = await after(6);
    for (const cells of [1, 4, 5, 9]) {
      // Adam's first step has the size of the rate whatever the gradient's: rounding may turn it.
      const { loss, weights } = await after(cells);
      assertClose(loss, whole.loss, { relative: 1e-5 });
      const turned = weights.filter((w, i) => Math.abs(w - whole.weights[i]) > 1e-4).length;
      assert.ok(turned < weights.length / 100, `${turned} of ${weights.length}`);
    }
    await engine.close();
  });

  Deno.test(`learner() on ${name} copies what a model is at that moment`, async () => {
    const engine = await open();
    const model = learner({ engine, architecture: small, shape, cells: 6 }).begin(KEY);
    const before = model.weights(), copy = model.copy();
    await model.learn([{ tokens }], step);
    assertSame(await copy.weights(), await before);
    const learned = await model.weights(), begun = await before;
    assert.ok(learned.some((weight, i) => weight !== begun[i]));
    copy.close();
    model.close();
    await engine.close();
  });

  Deno.test(`learner() on ${name} names the first layer whose numbers are not finite`, async () => {
    const engine = await open();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 1),
        fc.constantFrom(Infinity, NaN),
        async (layer, value) => {
          const name = `encoder.layers.${layer}.linear2`;
          const broken: Architecture = {
            ...small,
            weights: small.weights.map((spec) =>
              spec.name === `${name}.bias`
                ? { ...spec, fill: (out: Float32Array) => void out.fill(value) }
                : spec
            ).map(({ twin: _, ...spec }) => spec),
          };
          const model = learner({ engine, architecture: broken, shape, cells: 6 }).begin(KEY);
          await assert.rejects(() => model.learn([{ tokens }], { ...step, step: 7 }), {
            name: "RunError",
            message: new RegExp(
              `^Cannot go on after step 7: the loss is NaN, first seen in linear "${name}"; a lower`,
            ),
          });
          model.close();
        },
      ),
      { numRuns: 4 },
    );
    await engine.close();
  });

  Deno.test(`learner() on ${name} names an input that is not finite`, async () => {
    const engine = await open();
    const model = learner({ engine, architecture: small, shape, cells: 6 }).begin(KEY);
    const target = tokens.target.map((value, i) => tokens.masked[i] ? Infinity : value);
    const damaged: TokenBatch = { ...tokens, target };
    await assert.rejects(() => model.learn([{ tokens: damaged }], step), {
      message: /^Cannot go on after step 0: the loss is Infinity, first seen in input "target"; /,
    });
    model.close();
    await engine.close();
  });

  Deno.test(`learner() on ${name} names a gradient that is not finite, and keeps the weights`, async () => {
    const engine = await open();
    // Finite forward; the slope of the root at 0 is not.
    const rooted: Architecture = {
      width: 2,
      mixes: "cell",
      weights: [
        { name: "in.weight", shape: [1, 2], fill: (out) => void out.fill(0) },
        { name: "in.bias", shape: [2], fill: (out) => void out.fill(0) },
      ],
      predict(weights, { input, genes }) {
        const [cells, length] = genes.shape;
        const column = tf.reshape<tf.Rank.R2>(input, [cells * length, 1]);
        const wide = linear(column, { weight: weights["in.weight"], bias: weights["in.bias"] });
        const values = tf.reshape<tf.Rank.R2>(tf.sum(tf.sqrt(wide), 1), [cells, length]);
        return { mlm: values, mvc: values, cells: tf.zeros([cells, 2]) };
      },
    };
    const model = learner({ engine, architecture: rooted, shape, cells: 6 }).begin(KEY);
    const before = await model.weights();
    await assert.rejects(() => model.learn([{ tokens }], { ...step, step: 3 }), {
      name: "RunError",
      message: /^Cannot go on after step 3: the gradient of "in.bias" is not finite; a lower/,
    });
    assertSame(await model.weights(), before);
    model.close();
    await engine.close();
  });
}
