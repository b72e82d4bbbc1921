import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { Effect } from "effect";
import { type Engine, layoutOf, type Program } from "../core/model/program.ts";
import { make } from "../core/registry.ts";
import { openEngine } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import * as plugins from "../plugins/mod.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { ADAM, begin, exampleOf, KEY } from "./laws/engine_examples.ts";

const open = (threads: number): Promise<Engine> => openEngine(openRuntime(threads), threads);

/** `count` products of a matrix of 1024 × 1024 with itself, one after the other. */
const products = (count: number): Program => ({
  name: "products",
  purpose: "infer",
  inputs: {},
  apply: ({ w }) => ({
    corner: tf.slice(
      Array.from({ length: count }).reduce((product: tf.Tensor) => tf.matMul(product, w), w),
      [0, 0],
      [1, 1],
    ),
  }),
});
const square = layoutOf([{ name: "w", shape: [1024, 1024] }]);

Deno.test("onnx() lets timers fire while a program runs", async () => {
  const engine = await open(1);
  const compiled = await engine.compile(products(10), square);
  const state = engine.allocate(square, "inference");
  let ticks = 0, running = true;
  const run = compiled.run(state, {}, KEY).finally(() => running = false);
  while (running) {
    await wait(1);
    ticks++;
  }
  await run;
  // A run that blocked would leave one.
  assert.ok(ticks > 10, `${ticks} ticks`);
  await engine.close();
});

Deno.test("onnx() runs engines of different threads side by side", async () => {
  const engines = await Promise.all([1, 2, 3].map(open));
  const example = exampleOf("side by side", 1, {
    weights: { first: [64, 64], second: [64, 64] },
    floats: { x: [500, 64] },
  }, ({ first, second }, { x }) => {
    const hidden = tf.relu(tf.matMul(x, first));
    return { loss: tf.mean(tf.square(tf.matMul(hidden, second))) };
  });
  const learned = await Promise.all(engines.map(async (engine) => {
    const { state, compiled } = await begin(engine, example);
    for (let step = 1; step <= 20; step++) {
      await compiled.run(state, example.feeds, KEY);
      await engine.optimise(state, { ...ADAM, step });
    }
    return await state.read("weights");
  }));
  for (const weights of learned) assertClose(weights, learned[0], { absolute: 1e-3 });
  await Promise.all(engines.map((engine) => engine.close()));
});

Deno.test("onnx() steps the same however the weights are cut into pieces", async () => {
  // More than two pieces of the optimiser, and a rest.
  const size = 2 ** 17 * 3 + 77, values = Float32Array.from({ length: size }, (_, i) => i % 101);
  const step = async (threads: number, from: number, to: number) => {
    const engine = await open(threads), layout = layoutOf([{ name: "w", shape: [to - from] }]);
    const state = engine.allocate(layout, "training");
    await state.write("weights", values.slice(from, to));
    await state.write("gradients", values.slice(from, to).map((x) => x - 50));
    await engine.optimise(state, { ...ADAM, step: 1 });
    const stepped = await state.read("weights");
    await engine.close();
    return stepped;
  };
  const whole = await step(2, 0, size);
  assertSame(await step(1, 0, size), whole);
  assertSame(await step(1, 999, 2 ** 16), whole.slice(999, 2 ** 16));
  assertSame(await step(2, size - 99, size), whole.slice(-99));
});

Deno.test("onnx() feeds each program its own, whichever was compiled or run last", async () => {
  const engine = await open(2);
  const sum = (n: number) =>
    exampleOf(`sum of ${n}`, n, { weights: { w: [] }, floats: { x: [n] } }, ({ w }, { x }) => ({
      loss: tf.mul(w, tf.sum(x)),
      doubled: tf.mul(x, 2),
    }));
  const begun = [];
  // Each needs more room than the ones before, which have run by then.
  for (const n of [3, 50, 4000]) {
    const example = sum(n);
    begun.push({ ...example, ...await begin(engine, example) });
    for (const { compiled, state, feeds } of [...begun, ...begun.toReversed()]) {
      const { doubled } = await compiled.run(state, feeds, KEY);
      assertSame(doubled, feeds.x.map((x) => 2 * x));
    }
  }
  const [small, , large] = begun;
  const outputs = await large.compiled.run(large.state, large.feeds, KEY);
  await small.compiled.run(small.state, small.feeds, KEY);
  // What one program returned is not touched by another.
  assertSame(outputs.doubled, large.feeds.x.map((x) => 2 * x));
  await engine.close();
});

Deno.test("onnx() refuses a precision that it does not have, by name", async () => {
  const opening = make(plugins, "engine", { use: "onnx", precision: "bf16" });
  const error = await Effect.runPromise(Effect.flip(opening));
  assert.match(error.message, /precision/);
  assert.match(error.message, /fp32/);
});

/** What a process that runs `script` in this folder leaves behind. */
function ended(script: string) {
  const words = ["eval", PREAMBLE + script];
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(process.execPath, words, { cwd: new URL("..", import.meta.url), env });
  let out = "", err = "";
  child.stdout.on("data", (bytes) => out += bytes);
  child.stderr.on("data", (bytes) => err += bytes);
  return new Promise<{ code: number | null; signal: string | null; out: string; err: string }>(
    (resolve) => child.on("close", (code, signal) => resolve({ code, signal, out, err })),
  );
}

const ROOT = new URL("..", import.meta.url).href;

/** Opens an engine; `begin()` begins a run of minutes. */
const PREAMBLE = `
  import * as tf from "@tensorflow/tfjs";
  import { layoutOf } from "${ROOT}core/model/program.ts";
  import { openEngine } from "${ROOT}plugins/engines/onnx/engine.ts";
  import { openRuntime } from "${ROOT}plugins/engines/onnx/runtime.ts";
  await tf.setBackend("cpu");
  const engine = await openEngine(openRuntime(2), 2);
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  async function begin() {
    const layout = layoutOf([{ name: "w", shape: [1024, 1024] }]);
    const compiled = await engine.compile({
      name: "long",
      purpose: "learn",
      inputs: {},
      apply({ w }) {
        let product = w;
        for (let i = 0; i < 1000; i++) product = tf.matMul(product, w);
        return { loss: tf.sum(product) };
      },
    }, layout);
    const run = compiled.run(engine.allocate(layout, "training"), {}, [1, 2]);
    await sleep(100);
    return { run };
  }
`;

/** A script that starts a worker, which begins a run and then does as `rest` says. */
const inWorker = (rest: string) => `
  const code = ${JSON.stringify(`${PREAMBLE} await begin(); postMessage("begun"); ${rest}`)};
  const url = "data:application/typescript," + encodeURIComponent(code);
  const worker = new Worker(url, { type: "module" });
  const errors = [];
  worker.onerror = (event) => {
    event.preventDefault();
    errors.push(event.message);
  };
  await new Promise((resolve) => worker.onmessage = resolve);
`;

const lives: Record<string, { script: string; code: number; tells?: RegExp; out?: string }> = {
  "exits": { script: `await begin(); Deno.exit(7);`, code: 7 },
  "forgets a rejection": {
    script: `await begin(); Promise.reject(new Error("of mine"));`,
    code: 1,
    tells: /of mine/,
  },
  "ends a worker": {
    script: inWorker("") + `worker.terminate(); await sleep(300); console.log("alive");`,
    code: 0,
    out: "alive",
  },
  "has a worker that ends": {
    script: inWorker("self.close();") + `await sleep(300); console.log("alive");`,
    code: 0,
    out: "alive",
  },
  "has a worker that fails": {
    script: inWorker(`throw new Error("of mine");`) +
      `while (errors.length === 0) await sleep(10); await sleep(300); console.log(...errors);`,
    code: 0,
    out: "Uncaught (in promise) Error: of mine",
  },
};

for (const [deed, { script, code, tells = /^/, out = "" }] of Object.entries(lives)) {
  Deno.test(`onnx() does not crash a process that ${deed} while a program runs`, async () => {
    for (const end of await Promise.all([1, 2].map(() => ended(script)))) {
      assert.equal(end.signal, null, end.err);
      assert.equal(end.code, code, end.err);
      assert.equal(end.out.trim(), out);
      assert.match(end.err, tells);
    }
  });
}
