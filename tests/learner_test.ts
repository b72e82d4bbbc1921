import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { arrange, type Curriculum } from "../core/curriculum.ts";
import type { Architecture } from "../core/model/architecture.ts";
import { linear } from "../core/model/composites/mod.ts";
import type { Engine } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import type { TokenBatch } from "../core/tokens.ts";
import { geneDistillation, transformer } from "../plugins/mod.ts";
import { openEngine as openNative } from "../plugins/engines/native/engine.ts";
import { openEngine } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { madeUpTokens } from "../streams/engine/rehearsal.ts";
import { learner } from "../streams/learner.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { kernelsHere } from "./native_opened.ts";

const KEY = keyOf(1), shape = { genes: 40, length: 9 };
const step = { step: 0, rate: 1e-3, key: KEY };
const small = transformer({ layers: 2, width: 16, heads: 2, dropout: 0 })(shape);
const tokens = madeUpTokens(shape, 6, KEY);
const distiller = geneDistillation({ weight: 3 });
const curriculum: Curriculum = {
  ...arrange(shape.genes, [{ name: "own", genes: Array.from({ length: 20 }, (_, i) => 2 * i) }]),
  partition: { part: () => 0, size: () => 0 },
};

const dropping = transformer({ layers: 2, width: 16, heads: 2, dropout: 0.3 })(shape);
const kernels = await kernelsHere();

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  cpu: () => Promise.resolve(cpuEngine()),
  onnx: () => openEngine(openRuntime(2), 2),
  ...(typeof kernels === "string" ? {} : { native: () => Promise.resolve(openNative(kernels, 2)) }),
};

for (const [name, open] of Object.entries(engines)) {
  Deno.test(`learner() on ${name} learns the same in parts of any size, whatever is dropped`, async () => {
    const engine = await open();
    const after = async (cells: number) => {
      const model = learner({ engine, architecture: dropping, shape, cells }).begin(KEY);
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

  Deno.test(`learner() on ${name} adds up the losses of a step's lessons`, async () => {
    const engine = await open(), made = learner({ engine, architecture: small, shape, cells: 6 });
    const other = madeUpTokens(shape, 4, keyOf(2));
    const moment = async (...batches: TokenBatch[]) => {
      const model = made.begin(KEY);
      await model.learn(batches.map((tokens) => ({ tokens })), step);
      const { firstMoment } = await model.training();
      model.close();
      return firstMoment;
    };
    const [one, two, both] = [
      await moment(tokens),
      await moment(other),
      await moment(tokens, other),
    ];
    const largest = both.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    assertClose(both, one.map((mean, i) => mean + two[i]), { absolute: 1e-5 * largest });
    assert.ok(largest > 0 && two.some((mean) => Math.abs(mean) > 1e-2 * largest));
    await engine.close();
  });

  Deno.test(`learner() on ${name} begins every training with a new optimiser`, async () => {
    const engine = await open(), made = learner({ engine, architecture: small, shape, cells: 6 });
    const old = made.begin(KEY), learned: Float32Array[] = [];
    for (let i = 0; i < 3; i++) await old.learn([{ tokens }], { ...step, step: i });
    for (const model of [made.hold(await old.weights()), old]) {
      model.enter(undefined);
      await model.learn([{ tokens }], step);
      learned.push(await model.weights());
      model.close();
    }
    assertSame(learned[1], learned[0]);
    await engine.close();
  });

  Deno.test(`learner() on ${name} listens to what the model was when the training began`, async () => {
    const engine = await open(), made = learner({ engine, architecture: small, shape, cells: 6 });
    const model = made.begin(KEY), teacher = made.hold(await model.weights());
    const selected = distiller.select(tokens, curriculum.stages[1], curriculum);
    const lessons = [{ tokens, lecture: { tokens, selected } }], taught = model.enter(distiller);
    for (let i = 0; i < 3; i++) {
      const now = made.hold(await model.weights());
      const { mlm: student } = await now.predict(tokens), { mlm } = await teacher.predict(tokens);
      const plain = await now.learn([{ tokens }], { ...step, rate: 0 });
      now.close();

      let count = 0, squares = 0;
      selected.forEach((counts, p) => {
        count += counts;
        squares += counts * (student[p] - mlm[p]) ** 2;
      });
      assert.ok(count > 0 && count < tokens.cells.length * shape.length);
      assert.equal(squares > 0, i > 0);
      const { loss } = await model.learn(lessons, { ...step, step: i, rate: 0.02 });
      assertClose([loss], [plain.loss + distiller.weight * squares / count], { relative: 1e-4 });
    }
    taught.close();
    for (const each of [model, teacher]) each.close();
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
