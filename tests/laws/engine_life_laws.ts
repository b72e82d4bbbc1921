/**
 * What an engine must do when it is misused, interrupted or closed.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { RunError } from "../../core/errors.ts";
import type { Engine } from "../../core/model/program.ts";
import { ADAM, begin, exampleOf, KEY, linear } from "./engine_examples.ts";

/** Registers a test on an engine of its own. */
export type Law = (claim: string, check: (engine: Engine) => Promise<void>) => void;

/** Registers the laws on tensors that stay behind, on refusals and on closing. */
export function lifeLaws(law: Law, steps: number): void {
  law("leaves no tensor behind after many steps", async (engine) => {
    const example = linear(6), { state, compiled } = await begin(engine, example);
    const before = tf.memory().numTensors;
    for (let step = 1; step <= steps; step++) {
      await compiled.run(state, example.feeds, KEY);
      await engine.optimise(state, { ...ADAM, step });
    }
    assert.equal(tf.memory().numTensors, before);
  });

  law("leaves no tensor behind when a program cannot be run", async (engine) => {
    const before = tf.memory().numTensors;
    const example = exampleOf("broken", 1, { weights: { w: [2, 3] } }, ({ w }) => {
      const product = tf.square(tf.matMul(w, w, false, true));
      throw new Error(`stops after ${product.shape}`);
    });
    const state = engine.allocate(example.layout, "training");
    await assert.rejects(async () => {
      const compiled = await engine.compile(example.program, example.layout);
      await compiled.run(state, example.feeds, KEY);
    });
    state.close();
    assert.equal(tf.memory().numTensors, before);
  });

  law("refuses what does not fit", async (engine) => {
    const example = linear(7), { state, compiled } = await begin(engine, example);
    const { feeds, layout } = example;
    const fails = (run: () => Promise<unknown>, message: RegExp) =>
      assert.rejects(run, { message });
    await fails(() => compiled.run(state, {}, KEY), /^Cannot feed "x" to program "linear 7"/);
    await fails(
      () => compiled.run(state, { ...feeds, x: new Float32Array(1) }, KEY),
      /^Cannot feed "x" to program "linear 7": 1 × float32 given/,
    );
    const idle = engine.allocate(layout, "inference");
    await fails(() => compiled.run(idle, feeds, KEY), /allocated for inference/);
    await fails(() => engine.optimise(idle, { ...ADAM, step: 1 }), /allocated for inference/);
    const foreign = engine.allocate({ slots: [], size: 0 }, "training");
    await fails(() => compiled.run(foreign, feeds, KEY), /holds other weights/);
    const vector = exampleOf("vector", 1, { weights: { w: [2] } }, ({ w }) => ({ loss: w }));
    await fails(async () => {
      const begun = await begin(engine, vector);
      await begun.compiled.run(begun.state, {}, KEY);
    }, /Cannot .*program "vector 1".*loss/);
  });

  law("refuses everything after it was closed", async (engine) => {
    const example = linear(8), { state, compiled } = await begin(engine, example);
    const other = await begin(engine, example);
    const refused = (run: () => Promise<unknown>) => assert.rejects(run, RunError);
    other.state.close();
    await refused(() => compiled.run(other.state, example.feeds, KEY));
    await refused(() => engine.optimise(other.state, { ...ADAM, step: 1 }));
    other.compiled.close();
    await refused(() => other.compiled.run(state, example.feeds, KEY));
    await engine.close();
    await refused(() => compiled.run(state, example.feeds, KEY));
    await refused(() => engine.optimise(state, { ...ADAM, step: 1 }));
    await refused(() => engine.compile(example.program, example.layout));
    assert.throws(() => engine.allocate(example.layout, "training"), RunError);
    state.close();
    compiled.close();
    await engine.close();
  });

  law("may be closed while it runs", async (engine) => {
    const size = 256;
    const example = exampleOf(
      "long",
      1,
      { weights: { w: [size, size] } },
      ({ w }) => ({ loss: tf.sum(Array.from({ length: 8 }, () => w).reduce(product)) }),
    );
    const { state, compiled } = await begin(engine, example);
    const runs = Array.from({ length: 3 }, () => compiled.run(state, example.feeds, KEY));
    const outcomes = Promise.allSettled(runs);
    // By then the first run is under way, wherever it runs.
    await new Promise((resolve) => setTimeout(resolve));
    state.close();
    compiled.close();
    await engine.close();
    await outcomes;
  });
}

const product = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.matMul(tf.tanh(a), b);
