/**
 * Runs on whichever adapter the machine offers; Mesa's software Vulkan is enough.
 *
 * Tolerances are 1e-4 of the norm, as in the laws of engines: WebGPU promises of exp, pow and
 * division a few units in the last place only, and sums are made in another order. A kernel that is
 * wrong is off by a share that one can see.
 */

import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import fc from "fast-check";
import { detach } from "../core/model/composites/mod.ts";
import type { Arrays, Engine, Tensors } from "../core/model/program.ts";
import { webgpu } from "../plugins/engines/webgpu.ts";
import { registerBackend } from "../plugins/engines/webgpu/backend.ts";
import { openDevice } from "../plugins/engines/webgpu/device.ts";
import { engineOn } from "../plugins/engines/webgpu/engine.ts";
import { cpuEngine, eagerEngine } from "../streams/engine/eager.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { adapter } from "./graphics.ts";
import { ADAM, begin, type Example, exampleOf, KEY, linear } from "./laws/engine_examples.ts";
import { engineLaws } from "./laws/engine_laws.ts";
import { parityLaws } from "./laws/parity_laws.ts";
import { opened } from "./opened.ts";
import { smallArchitectures } from "./small_architectures.ts";
import { evaluate, LEAVES, operations } from "./traced_expressions.ts";

const open = () => opened(webgpu());
const test = adapter ? Deno.test : Deno.test.ignore;

if (adapter) {
  engineLaws("webgpu", open, { steps: 100 });
  parityLaws("webgpu", open, { architectures: smallArchitectures });
} else {
  Deno.test.ignore("webgpu() needs an adapter: install Debian's mesa-vulkan-drivers", () => {});
}

type Apply = (weights: Tensors) => tf.Tensor;

/** An expression whose gradients are asked for along directions of all signs. */
const expression = (name: string, weights: Record<string, number[]>, apply: Apply): Example =>
  exampleOf(name, 1, { weights }, (weights) => {
    const out = apply(weights);
    const along = tf.reshape(tf.sin(tf.range(1, out.size + 1)), out.shape);
    return { loss: tf.sum(tf.mul(out, along)), out };
  });

const x = (shape: number[], apply: (x: tf.Tensor) => tf.Tensor) => ({
  weights: { x: shape },
  apply: ({ x }: Tensors) => apply(x),
});
const xy = (a: number[], b: number[], apply: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor) => ({
  weights: { x: a, y: b },
  apply: ({ x, y }: Tensors) => apply(x, y),
});
const matMul = (a: number[], b: number[], left: boolean, right: boolean) =>
  xy(a, b, (x, y) => tf.matMul(x, y, left, right));
const image = (x: tf.Tensor) => x as tf.Tensor4D;

/** What models are made of beyond the examples of the laws, in shapes that meet other shaders. */
const EXPRESSIONS: Readonly<Record<string, ReturnType<typeof x> | ReturnType<typeof xy>>> = {
  "a running sum": x([3, 5], (x) => tf.cumsum(x, 1)),
  "a running sum of another length": x([2, 3, 9], (x) => tf.cumsum(x, 2, false, true)),
  // TensorFlow.js differentiates those along the last axis only.
  "a running sum along the middle": x([2, 9, 3], (x) => tf.mul(x, detach(tf.cumsum(x, 1, true)))),
  "a long running sum backwards": x([2, 300], (x) => tf.cumsum(x, 1, true, true)),
  "products along an axis": x([3, 4], (x) => tf.prod(x, [1])),
  "products along a longer axis": x([3, 7], (x) => tf.prod(x, [1])),
  "a sum of twelve": x([12, 3], (x) => tf.addN(tf.unstack(x))),
  "padding of five axes": x(
    [2, 1, 2, 2, 3],
    (x) => tf.pad(x, [[0, 0], [1, 0], [0, 1], [0, 0], [2, 0]], 0.5),
  ),
  "a slice of five axes": x([2, 3, 2, 2, 3], (x) => tf.slice(x, [0, 1, 0, 0, 1], [2, 2, 1, 2, 2])),
  "five axes turned": x([2, 3, 2, 2, 3], (x) => tf.transpose(x, [4, 2, 0, 1, 3])),
  "five axes reversed": x([2, 1, 2, 2, 3], (x) => tf.mul(x, tf.reverse(tf.relu(x), [3, -1]))),
  "a product over a long axis": matMul([33, 2100], [2100, 12], false, false),
  "a product over a long axis, transposed": matMul([2100, 33], [12, 2100], true, true),
  "a product of few rows over a long axis": matMul([4, 2100], [150, 2100], false, true),
  "a product of a row": matMul([1, 2500], [2500, 30], false, false),
  "a small product over a long axis": matMul([3000, 5], [3000, 6], true, false),
  "a large product": matMul([130, 70], [70, 90], false, false),
  "products of a batch": matMul([2, 3, 17, 9], [2, 3, 5, 9], false, true),
  "gelu": x([3, 7], (x) => tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))))),
  "silu of large numbers": x([3, 7], (x) => tf.mul(x, tf.sigmoid(tf.mul(x, 60)))),
  "softplus of large numbers": x([3, 7], (x) => tf.softplus(tf.mul(x, 60))),
  "tanh of large numbers": x([3, 7], (x) => tf.add(x, tf.tanh(tf.mul(x, 60)))),
  "a softmax where most is masked": xy(
    [4, 300],
    [4, 300],
    (x, y) => tf.softmax(tf.add(x, tf.mul(tf.step(y), -1e9))),
  ),
  "sums over a long axis": x([3, 3000], (x) => tf.logSumExp(x, 1)),
  "batch statistics": xy([40, 5], [5], (x, y) => {
    const { mean, variance } = tf.moments(x, 0, true);
    return tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3))), y);
  }),
  "a convolution": xy(
    [2, 1, 12, 3],
    [1, 5, 3, 4],
    (x, y) => tf.conv2d(image(x), image(y), [1, 2], "same"),
  ),
  "a convolution of channels": xy(
    [2, 1, 12, 4],
    [1, 4, 4, 1],
    (x, y) => tf.depthwiseConv2d(image(x), image(y), 1, "valid"),
  ),
  "largest of windows": x([2, 1, 11, 3], (x) => tf.maxPool(image(x), [1, 3], [1, 2], "same")),
  "means of windows": x([2, 1, 11, 3], (x) => tf.avgPool(image(x), [1, 3], [1, 2], "same")),
  "a recurrence": xy([2, 6, 5], [2, 6, 5], (x, y) => {
    const [keep, given] = [tf.unstack(tf.sigmoid(x), 1), tf.unstack(y, 1)];
    const states = [given[0]];
    for (let i = 1; i < 6; i++) states.push(tf.add(tf.mul(states[i - 1], keep[i]), given[i]));
    return tf.stack(states, 1);
  }),
};

test("webgpu() agrees with plain TensorFlow.js on what models are made of", async () => {
  const engine = await open(), oracle = cpuEngine();
  for (const [name, { weights, apply }] of Object.entries(EXPRESSIONS)) {
    await agree({ engine, oracle }, expression(name, weights, apply));
  }
  await engine.close();
});

test("webgpu() agrees with plain TensorFlow.js on random expressions", async () => {
  const engine = await open(), oracle = cpuEngine();
  const weights = LEAVES as Record<string, number[]>;
  await fc.assert(
    fc.asyncProperty(operations(6), fc.nat(), async (operations, seed) => {
      const example = exampleOf("random", seed, { weights }, (leaves) => ({
        loss: tf.addN(evaluate(leaves, operations).map((out) => tf.sum(tf.tanh(out)) as tf.Tensor)),
      }));
      await agree({ engine, oracle }, example);
    }),
    { numRuns: 40 },
  );
  await engine.close();
});

/** Outputs and gradients of one run on both engines, within 1e-4 of their norms. */
async function agree(on: { engine: Engine; oracle: Engine }, example: Example): Promise<void> {
  const [actual, expected] = [await ran(on.engine, example), await ran(on.oracle, example)];
  for (const [output, values] of Object.entries(expected)) {
    const norm = Math.sqrt(Array.from(values).reduce((sum, value) => sum + value ** 2, 0));
    try {
      assertClose(actual[output], values, { absolute: 1e-4 * norm + 1e-6 });
    } catch (error) {
      throw new Error(`${example.program.name}: ${output}: ${(error as Error).message}`);
    }
  }
}

async function ran(engine: Engine, example: Example): Promise<Arrays> {
  const { state, compiled } = await begin(engine, example);
  const outputs = await compiled.run(state, example.feeds, KEY);
  const all = { ...outputs, gradients: await state.read("gradients") };
  state.close();
  compiled.close();
  return all;
}

test("webgpu() makes a product over a long axis the same each time", async () => {
  const engine = await open();
  const { weights, apply } = EXPRESSIONS["a product over a long axis"];
  const example = expression("long", weights, apply), first = await ran(engine, example);
  for (let run = 0; run < 4; run++) assertSame(await ran(engine, example), first);
  await engine.close();
});

test("webgpu() adds up the rows of a segment in their order", async () => {
  const engine = await open();
  const example = exampleOf("segments", 2, {
    weights: { x: [700, 3] },
    ids: { ids: { shape: [700], below: 9 } },
  }, ({ x }, { ids }) => {
    const one = tf.scalar(1, "int32");
    const sums = tf.unsortedSegmentSum(x, tf.sub(ids, one) as tf.Tensor1D, 7);
    return { loss: tf.sum(sums), sums };
  });
  const { sums } = await ran(engine, example), expected = new Float32Array(7 * 3);
  example.feeds.ids.forEach((id, row) => {
    // The first and the last segment lie outside of the table.
    if (id < 1 || id > 7) return;
    for (let i = 0; i < 3; i++) expected[(id - 1) * 3 + i] += example.weights[row * 3 + i];
  });
  assertSame(sums, expected);
  await engine.close();
});

test("webgpu() takes no more memory of the device with every step", async () => {
  const device = await openDevice("auto"), backend = await registerBackend(device);
  const about = { precision: "fp32", device: device.name, threads: 1, name: "bare" } as const;
  const engine = eagerEngine({ ...about, backend: backend.name });
  const example = exampleOf("sums", 1, {
    weights: { table: [9, 4], mix: [4, 3] },
    ids: { ids: { shape: [30], below: 9 } },
  }, ({ table, mix }, { ids }) => {
    const sums = tf.cumsum(tf.matMul(tf.gather(table, ids as tf.Tensor1D), mix), 1);
    return { loss: tf.mean(tf.square(sums)), sums };
  });
  const { state, compiled } = await begin(engine, example);
  const taken: number[][] = [];
  for (let step = 1; step <= 30; step++) {
    await compiled.run(state, example.feeds, KEY);
    await engine.optimise(state, { ...ADAM, step });
    const { numBytesInGPU, numBytesAllocatedInGPU } = tf.findBackend(backend.name)
      .memory() as unknown as Record<string, number>;
    taken.push([numBytesInGPU, numBytesAllocatedInGPU]);
  }
  assert.ok(taken[4][0] > 4 * 4 * example.layout.size);
  assert.deepEqual(taken.slice(5), taken.slice(5).map(() => taken[4]));
  await engine.close();
  backend.close();
  device.gpu.destroy();
});

test("webgpu() refuses a tensor that is too large for the device", async () => {
  const device = await openDevice("auto"), engine = await engineOn(device);
  const length = device.gpu.limits.maxBufferSize / 4 + 256;
  const example = exampleOf("large", 1, { weights: { w: [] } }, ({ w }) => ({
    loss: tf.sum(tf.mul(w, tf.fill([Math.floor(length)], 1))),
  }));
  const { state, compiled } = await begin(engine, example);
  await assert.rejects(compiled.run(state, {}, KEY), {
    _tag: "RunError",
    message: /^Cannot run program "large 1": /,
  });
  await engine.close();
});

test("webgpu() refuses everything after an operation that the device refused", async () => {
  const device = await openDevice("auto"), engine = await engineOn(device), other = await open();
  const example = linear(7), { state, compiled } = await begin(engine, example);
  await compiled.run(state, example.feeds, KEY);
  device.gpu.createBuffer({ size: device.gpu.limits.maxBufferSize + 4, usage: 128 });
  const refused = (action: string) => ({
    _tag: "RunError",
    message: new RegExp(`^Cannot ${action}: the device refused an operation .*size.*open the `),
  });
  await assert.rejects(
    compiled.run(state, example.feeds, KEY),
    refused('run program "linear 7"'),
  );
  await assert.rejects(engine.optimise(state, { ...ADAM, step: 1 }), refused("optimise"));
  await assert.rejects(state.read("weights"), refused("read the weights"));
  await engine.close();
  assert.ok((await ran(other, example)).loss[0] > 0);
  await other.close();
});

test("webgpu() fails with one sentence when the device is lost, and can be closed", async () => {
  const device = await openDevice("auto"), engine = await engineOn(device);
  const example = linear(9), { state, compiled } = await begin(engine, example);
  await compiled.run(state, example.feeds, KEY);
  device.gpu.destroy();
  const lost = (action: string) => ({
    _tag: "RunError",
    message: `Cannot ${action}: the device was lost; open the engine again`,
  });
  await assert.rejects(compiled.run(state, example.feeds, KEY), lost('run program "linear 9"'));
  await assert.rejects(engine.optimise(state, { ...ADAM, step: 1 }), lost("optimise"));
  await assert.rejects(state.read("gradients"), lost("read the gradients"));
  await engine.close();
  await assert.rejects(compiled.run(state, example.feeds, KEY), { message: /closed$/ });
  const again = await open();
  await ran(again, example);
  await again.close();
});

test("webgpu() computes in software where it is asked to", async () => {
  const fallback = await navigator.gpu.requestAdapter({ forceFallbackAdapter: true });
  const opening = opened(webgpu({ adapter: "fallback" }));
  if (!fallback) return await assert.rejects(opening, { _tag: "InputError" });
  const engine = await opening;
  assert.equal(engine.device, fallback.info.description);
  await engine.close();
});

/** What a process of that script leaves behind. */
function outcomeOf(script: string, env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ["run", "--allow-env", "--allow-read", "-"], {
    input: script,
    cwd: new URL("..", import.meta.url),
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
}

/** Begins a run. */
const BEGIN = `
  import { webgpu } from ${JSON.stringify(import.meta.resolve("../plugins/engines/webgpu.ts"))};
  import { opened } from ${JSON.stringify(import.meta.resolve("./opened.ts"))};
  import { begin, linear } from ${JSON.stringify(import.meta.resolve("./laws/engine_examples.ts"))};
  const engine = await opened(webgpu()), example = linear(1);
  const { state, compiled } = await begin(engine, example);
  const run = compiled.run(state, example.feeds, [1, 2]);`;

test("webgpu() lets a process end by itself, with no permission of its own", async () => {
  const { status, stdout, stderr } = outcomeOf(`${BEGIN}
    console.log((await run).loss[0]);
    await engine.close();`);
  assert.equal(status, 0, stderr);
  const { loss } = await ran(cpuEngine(), linear(1));
  assert.ok(Math.abs(Number(stdout) / loss[0] - 1) < 1e-5, stdout);
});

test("webgpu() lets a process end by its error while a run is under way", () => {
  const { status, signal, stderr } = outcomeOf(`${BEGIN}
    throw new Error("the message that must be read");`);
  assert.equal(signal, null);
  assert.equal(status, 1);
  assert.match(stderr, /the message that must be read/);
});

test("webgpu() works in a worker", async () => {
  const code = `${BEGIN}
    postMessage((await run).loss[0]);
    await engine.close();
    close();`;
  const { status, stdout, stderr } = outcomeOf(`
    const code = new Blob([${JSON.stringify(code)}], { type: "text/javascript" });
    const worker = new Worker(URL.createObjectURL(code), { type: "module" });
    worker.onmessage = ({ data }) => console.log(data);`);
  assert.equal(status, 0, stderr);
  // TensorFlow.js takes a worker for a browser, and tells what it misses.
  const told = Number(stdout.trim().split("\n").at(-1));
  const { loss } = await ran(cpuEngine(), linear(1));
  assert.ok(Math.abs(told / loss[0] - 1) < 1e-5, stdout);
});

Deno.test("webgpu() says what to install where there is no adapter", () => {
  // Of Vulkan's drivers none, and nothing but Vulkan.
  const none = { VK_ICD_FILENAMES: "/nowhere", VK_DRIVER_FILES: "/nowhere" };
  const { status, stderr } = outcomeOf(BEGIN, { ...none, DENO_WEBGPU_BACKEND: "vulkan" });
  assert.equal(status, 1);
  assert.match(stderr, /Cannot open the engine "webgpu": no graphics device.*mesa-vulkan-drivers/);
});
