/**
 * What every engine must do.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Draw, type Engine, nextOf } from "../../core/model/program.ts";
import { drawnRate, keyOf, stream } from "../../core/random.ts";
import { cpuEngine } from "../../streams/engine/eager.ts";
import { assertClose, assertSame } from "../first_difference.ts";
import { ADAM, begin, type Example, exampleOf, examples, KEY, linear } from "./engine_examples.ts";
import { type Law, lifeLaws } from "./engine_life_laws.ts";

/**
 * Registers the laws of engines for the engine that `open` makes.
 *
 * @param options.steps Steps after which no tensor may be left; fewer where a step waits for a device.
 */
export function engineLaws(
  name: string,
  open: () => Promise<Engine>,
  { steps = 1000 }: { readonly steps?: number } = {},
): void {
  const law: Law = (claim, check) =>
    Deno.test(`${name}() ${claim}`, async () => {
      const engine = await open();
      try {
        await check(engine);
      } finally {
        await engine.close();
      }
    });

  for (const [topic, arbitrary] of Object.entries(examples)) {
    law(`agrees with plain TensorFlow.js on ${topic}`, async (engine) => {
      const oracle = cpuEngine();
      await fc.assert(
        fc.asyncProperty(arbitrary, async (example) => {
          const [actual, expected] = [await ran(engine, example), await ran(oracle, example)];
          for (const [output, values] of Object.entries(expected.outputs)) {
            assertNear(actual.outputs[output], values);
          }
          // A softmax that rounds its largest weight down leaves a rest of the size of the loss.
          const rest = 1e-5 * Math.abs(expected.outputs.loss[0]);
          assertNear(actual.gradients, expected.gradients, rest);
        }),
        { numRuns: 12 },
      );
    });
  }

  law("adds up gradients until it optimises", async (engine) => {
    const example = linear(3), { state, compiled } = await begin(engine, example);
    await compiled.run(state, example.feeds, KEY);
    const once = await state.read("gradients");
    await compiled.run(state, example.feeds, KEY);
    assertNear(await state.read("gradients"), once.map((gradient) => 2 * gradient));
    await engine.optimise(state, { ...ADAM, step: 1 });
    assertSame(await state.read("gradients"), new Float32Array(example.layout.size));
  });

  law("steps as Adam does", async (engine) => {
    const example = linear(4), { state } = await begin(engine, example);
    const random = stream(KEY);
    const expected = Float64Array.from(example.weights);
    const first = new Float64Array(expected.length), second = new Float64Array(expected.length);
    for (let step = 1; step <= 5; step++) {
      // Of all sizes, down to where epsilon decides.
      const gradients = Float32Array.from(expected, (_, i) => random.normal() * 10 ** -(i % 10));
      await state.write("gradients", gradients);
      for (let i = 0; i < expected.length; i++) {
        const gradient = gradients[i];
        first[i] = ADAM.beta1 * first[i] + (1 - ADAM.beta1) * gradient;
        second[i] = ADAM.beta2 * second[i] + (1 - ADAM.beta2) * gradient ** 2;
        const mean = first[i] / (1 - ADAM.beta1 ** step);
        const variance = second[i] / (1 - ADAM.beta2 ** step);
        expected[i] -= ADAM.rate * mean / (Math.sqrt(variance) + 1e-8);
      }
      await engine.optimise(state, { ...ADAM, step });
    }
    assertClose(await state.read("weights"), expected, { relative: 1e-6, absolute: 1e-6 });
    assertClose(await state.read("firstMoment"), first, { relative: 1e-4, absolute: 1e-12 });
    assertClose(await state.read("secondMoment"), second, { relative: 1e-4, absolute: 1e-20 });
  });

  law("gives the same bytes for the same run", async (engine) => {
    const example = crowded(), { compiled, state } = await begin(engine, example);
    await compiled.run(state, example.feeds, KEY);
    const first = await state.read("gradients");
    for (let run = 0; run < 5; run++) {
      await state.write("gradients", first.map(() => 0));
      await compiled.run(state, example.feeds, KEY);
      assertSame(await state.read("gradients"), first);
    }
  });

  law("adds up the rows of a table that is read many times", async (engine) => {
    const example = crowded(), { compiled, state } = await begin(engine, example);
    await compiled.run(state, example.feeds, KEY);
    const { ids, factor } = example.feeds, width = factor.length / ids.length;
    const expected = new Float64Array(example.layout.size);
    for (let i = 0; i < factor.length; i++) {
      expected[ids[Math.floor(i / width)] * width + i % width] += factor[i];
    }
    assertClose(await state.read("gradients"), expected, { relative: 1e-4, absolute: 1e-3 });
  });

  law("drops by the key of the run", async (engine) => {
    const shape = [200, 100], rate = 0.3;
    const example = exampleOf("keep", 1, { weights: { w: [] } }, ({ w }, _, noise) => {
      const keep = noise.keep(shape, rate), again = noise.keep(shape, rate);
      return keep && again ? { loss: tf.mul(w, tf.sum(keep)), keep, again } : { loss: w };
    });
    const { state, compiled } = await begin(engine, example);
    const kept = async (seed: number) => {
      const outputs = await compiled.run(state, example.feeds, keyOf(seed));
      return { keep: outputs.keep.slice(), again: outputs.again.slice() };
    };
    const first = await kept(1), other = await kept(2);
    assertSame(await kept(1), first);
    assert.throws(() => assertSame(other.keep, first.keep));
    assert.throws(() => assertSame(first.again, first.keep));
    const scale = Math.fround(1 / (1 - drawnRate(rate)));
    assert.ok(first.keep.every((value) => value === 0 || value === scale));
    const share = first.keep.filter((value) => value > 0).length / first.keep.length;
    // Four standard deviations of a share of 20,000.
    assert.ok(Math.abs(share - (1 - drawnRate(rate))) < 0.013, `kept share ${share}`);
  });

  law("drops of a part of a batch what it drops there of the whole", async (engine) => {
    const width = 7, key = keyOf(5);
    async function kept(cells: number, draw: Draw): Promise<Float32Array | Int32Array> {
      const example = exampleOf("part", cells, { weights: { w: [] } }, ({ w }, _, noise) => {
        const keep = noise.keep([cells, width], 0.4);
        return keep ? { loss: tf.mul(w, tf.sum(keep)), keep } : { loss: w };
      });
      const { state, compiled } = await begin(engine, example);
      return (await compiled.run(state, example.feeds, draw)).keep.slice();
    }
    const whole = await kept(10, key);
    for (const [from, cells] of [[0, 3], [3, 3], [6, 4]]) {
      const part = await kept(cells, { key, from, cells });
      assertSame(part, whole.slice(from * width, (from + cells) * width));
    }
  });

  law("infers without noise and without gradients", async (engine) => {
    const example = exampleOf("calm", 1, { weights: { w: [3] } }, ({ w }, _, noise) => ({
      loss: tf.sum(w),
      calm: noise.keep([3], 0.5) ? tf.zeros([3]) : w,
    }));
    const program = { ...example.program, purpose: "infer" as const };
    const compiled = await engine.compile(program, example.layout);
    const state = engine.allocate(example.layout, "inference");
    await state.write("weights", example.weights);
    assertSame((await compiled.run(state, {}, KEY)).calm, example.weights);
    assert.equal((await state.read("gradients")).length, 0);
  });

  law("refuses gradients that are not finite, and keeps the state as it was", async (engine) => {
    for (const wrong of [NaN, Infinity, -Infinity]) {
      const example = linear(9), { state } = await begin(engine, example);
      const { slots, size } = example.layout;
      const gradients = new Float32Array(size).fill(1);
      // The first number of the second weight.
      gradients[slots[1].offset] = wrong;
      await state.write("gradients", gradients);
      await assert.rejects(() => engine.optimise(state, { ...ADAM, step: 1 }), {
        name: "RunError",
        message: `Cannot optimise: the gradient of "${slots[1].name}" is not finite`,
      });
      assertSame(await state.read("weights"), example.weights);
      assertSame(await state.read("firstMoment"), new Float32Array(size));
    }
  });

  law("moves the statistics that a program names", async (engine) => {
    const example = exampleOf(
      "moving",
      1,
      { weights: { w: [3], mean: [3] }, floats: { x: [3] } },
      ({ w, mean }, { x }) => ({
        loss: tf.sum(tf.mul(tf.mul(w, mean), x)),
        [nextOf("mean")]: tf.add(tf.mul(mean, 0.9), tf.mul(x, 0.1)),
      }),
    );
    const moving = { ...example, program: { ...example.program, moves: ["mean"] } };
    const { state, compiled } = await begin(engine, moving);
    const outputs = await compiled.run(state, example.feeds, KEY);
    assert.deepEqual(Object.keys(outputs), ["loss"]);
    const before = example.weights, { x } = example.feeds;
    const expected = before.map((value, i) => i < 3 ? value : 0.9 * value + 0.1 * x[i - 3]);
    assertClose(await state.read("weights"), expected, { absolute: 1e-6 });
    // Of the weight by the statistics before the run; none for the statistics.
    const gradients = Float32Array.from(before, (_, i) => i < 3 ? before[i + 3] * x[i] : 0);
    assertClose(await state.read("gradients"), gradients, { absolute: 1e-6 });
  });

  law("tells how much memory a program takes", (engine) => {
    const bytes = (n: number) => {
      const { program, layout } = exampleOf("wide", 1, {
        weights: { w: [64] },
        floats: { x: [n, 64] },
      }, ({ w }, { x }) => ({ loss: tf.sum(tf.tanh(tf.mul(x, w))) }));
      return engine.estimate(program, layout);
    };
    // At least the feed and a value of its size.
    assert.ok(bytes(1000) >= 2 * 4 * 64_000);
    assert.ok(bytes(4000) > 3.9 * bytes(1000) && bytes(4000) < 4.1 * bytes(1000));
    return Promise.resolve();
  });

  law("refuses buffers of another length", async (engine) => {
    const { state } = await begin(engine, linear(10));
    await assert.rejects(() => state.write("weights", new Float32Array(1)), {
      message: /^Cannot write the weights: 1 numbers given, 24 expected$/,
    });
  });

  law("keeps the states of one program apart", async (engine) => {
    const example = linear(5), { state, compiled } = await begin(engine, example);
    const other = engine.allocate(example.layout, "training");
    await compiled.run(state, example.feeds, KEY);
    assertSame(await other.read("gradients"), new Float32Array(example.layout.size));
    const buffers = async () => ({
      weights: await state.read("weights"),
      gradients: await state.read("gradients"),
    });
    const before = await buffers();
    await compiled.run(other, example.feeds, KEY);
    await engine.optimise(other, { ...ADAM, step: 1 });
    other.close();
    assertSame(await buffers(), before);
    await compiled.run(state, example.feeds, KEY);
  });

  lifeLaws(law, steps);
}

/** A table of 5 rows that is read 4,000 times: threads that add to one row must not lose a sum. */
function crowded(): Example {
  return exampleOf("crowded", 1, {
    weights: { table: [5, 16] },
    floats: { factor: [4000, 16] },
    ids: { ids: { shape: [4000], below: 5 } },
  }, ({ table }, { ids, factor }) => ({
    loss: tf.sum(tf.mul(tf.gather(table, ids as tf.Tensor1D), factor)),
  }));
}

/** Outputs and gradients of one run, copied. */
async function ran(engine: Engine, example: Example) {
  const { state, compiled } = await begin(engine, example);
  const outputs = await compiled.run(state, example.feeds, KEY);
  const copied = Object.entries(outputs).map(([name, values]) => [name, values.slice()] as const);
  const gradients = await state.read("gradients");
  state.close();
  compiled.close();
  return { outputs: Object.fromEntries(copied), gradients };
}

/** Each number within 1e-4 of the norm of them all: sums of terms that cancel have no digits of their own. */
function assertNear(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  rest = 1e-6,
): void {
  const norm = Math.hypot(...Array.from(expected));
  assertClose(actual, expected, { absolute: 1e-4 * norm + Math.max(1e-6, rest) });
}
