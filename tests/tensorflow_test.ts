import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import fc from "fast-check";
import { InputError, RunError } from "../core/errors.ts";
import { derive, keyOf, stream } from "../core/random.ts";
import { findAddon } from "../plugins/engines/tensorflow/addon.ts";
import type { Binding } from "../plugins/engines/tensorflow/binding.ts";
import { encodeConfig } from "../plugins/engines/tensorflow/config.ts";
import { prepareEnvironment } from "../plugins/engines/tensorflow/environment.ts";
import { BACKEND } from "../plugins/engines/tensorflow/kernels.ts";
import { findLibrary } from "../plugins/engines/tensorflow/library.ts";
import { tensorflow } from "../plugins/engines/tensorflow.ts";
import { traceBackend } from "../streams/trace/backend.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { ADAM, begin, exampleOf, KEY } from "./laws/engine_examples.ts";
import { engineLaws } from "./laws/engine_laws.ts";
import { parityLaws } from "./laws/parity_laws.ts";
import { opened } from "./opened.ts";
import { smallArchitectures } from "./small_architectures.ts";

function write(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "not a library");
  return path;
}

const FILE = process.platform === "darwin" ? "libtensorflow_cc.2.dylib" : "libtensorflow_cc.so.2";
const PACKAGES = join("lib", "python3.11", "site-packages");

Deno.test("findLibrary() finds what pip installed, wherever it was told to", () =>
  withFolder((folder) => {
    const target = join(folder, "target"), environment = join(folder, "venv");
    const inTarget = write(join(target, "tensorflow", FILE));
    const inEnvironment = write(join(environment, PACKAGES, "tensorflow", FILE));
    assert.equal(findLibrary(target), inTarget);
    assert.equal(findLibrary(join(target, "tensorflow")), inTarget);
    assert.equal(findLibrary(inTarget), inTarget);
    assert.equal(findLibrary(environment), inEnvironment);
    assert.equal(findLibrary(join(environment, PACKAGES)), inEnvironment);
    write(join(environment, "bin", "python3"));
    const variables = { PATH: join(environment, "bin") };
    assert.equal(findLibrary(undefined, variables), inEnvironment);
    assert.equal(findLibrary(undefined, { ...variables, GIL_TENSORFLOW: target }), inTarget);
    return Promise.resolve();
  }));

Deno.test("findLibrary() says where it looked and what to install", () =>
  withFolder((folder) => {
    const nowhere = join(folder, "nowhere"),
      install = /; run pip install --target .*GIL_TENSORFLOW/;
    const refused = (named: string | undefined, reason: string, variables = {}) =>
      assert.throws(() => findLibrary(named, variables), (error: Error) => {
        assert.ok(error instanceof InputError);
        assert.match(error.message, install);
        assert.ok(error.message.startsWith(`Cannot find TensorFlow${reason}`), error.message);
        return true;
      });
    refused(nowhere, ` in "${nowhere}": it does not exist`);
    refused(folder, ` in "${folder}": no ${FILE} lies in it`);
    refused(undefined, ": no python3 on the path has it, and GIL_TENSORFLOW is not set");
    refused(undefined, ` in "${nowhere}": it does not exist`, { GIL_TENSORFLOW: nowhere });
    assert.throws(() => findAddon(nowhere), /its install script has not run; run deno install/);
    return Promise.resolve();
  }));

Deno.test("prepareEnvironment() asks for reproducible numbers, unless someone asked otherwise", () => {
  const variables = { NVIDIA_TF32_OVERRIDE: "1" };
  prepareEnvironment(variables);
  assertSame(variables, {
    NVIDIA_TF32_OVERRIDE: "1",
    TF_CPP_MIN_LOG_LEVEL: "3",
    TF_DETERMINISTIC_OPS: "1",
  });
});

Deno.test("encodeConfig() writes what a protocol buffer reader reads", () => {
  const growth = [0x32, 2, 0x20, 1];
  assertSame(encodeConfig({ gpu: true, threads: 300 }), [0x10, 0xac, 2, 0x28, 1, ...growth]);
  const noGpu = [0x0a, 7, 0x0a, 3, 0x47, 0x50, 0x55, 0x10, 0];
  assertSame(encodeConfig({ gpu: false, threads: 2 }), [...noGpu, 0x10, 2, 0x28, 1, ...growth]);
});

/** What a process of its own prints: libraries that others have loaded are not in it. */
function printed(script: string): string {
  const { status, stdout } = spawnSync(process.execPath, ["eval", script], {
    cwd: new URL("..", import.meta.url),
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  assert.equal(status, 0);
  return stdout;
}

Deno.test("tensorflow() says why a library does not load, and what to install", () =>
  withFolder((folder) => {
    const library = write(join(folder, FILE));
    const message = printed(`
      import { opened } from "./tests/opened.ts";
      import { tensorflow } from "./plugins/engines/tensorflow.ts";
      const library = ${JSON.stringify(folder)};
      console.log(await opened(tensorflow({ library })).catch((error) => error.message));
    `);
    assert.match(message, /^Cannot load TensorFlow ".*": .*; run pip install --target/);
    assert.ok(message.includes(library));
    return Promise.resolve();
  }));

const open = () => opened(tensorflow({ threads: 2 }));

Deno.test({
  name: "tensorflow() refuses to come after a graphics driver in software",
  ignore: !process.env.GIL_TENSORFLOW || Deno.build.os !== "linux",
  fn() {
    const outcome = printed(`
      import { opened } from "./tests/opened.ts";
      import { tensorflow } from "./plugins/engines/tensorflow.ts";
      const found = await navigator.gpu?.requestAdapter();
      console.log(found?.info.description ?? "no driver");
      console.log(await opened(tensorflow()).catch((error) => error.message));
    `);
    if (/^llvmpipe/.test(outcome)) assert.match(outcome, /open the engine "tensorflow" first/);
  },
});

/** Registers a test on a loaded library. */
const withLibrary = process.env.GIL_TENSORFLOW
  ? Deno.test
  : (claim: string, _: unknown) =>
    Deno.test.ignore(`${claim}: GIL_TENSORFLOW names no library`, () => {});

if (process.env.GIL_TENSORFLOW) {
  engineLaws("tensorflow", open);
  parityLaws("tensorflow", open, { architectures: smallArchitectures });
} else withLibrary("tensorflow() obeys the laws of engines", () => {});

/** Numbers for a tensor of each shape, between -1 and 1. */
function uniforms(shapes: readonly number[][], topic: string): Float32Array[] {
  const random = stream(derive(keyOf(1), topic));
  return shapes.map((shape) =>
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => 2 * random.uniform() - 1)
  );
}

/** An operation on tensors of these shapes. */
type Case = readonly [shapes: readonly number[][], f: (...xs: tf.Tensor[]) => tf.Tensor];

const ints = (values: number[]) => tf.tensor1d(values, "int32");
const two = (x: tf.Tensor) => x as tf.Tensor2D, three = (x: tf.Tensor) => x as tf.Tensor3D;
const four = (x: tf.Tensor) => x as tf.Tensor4D;

/** Operations with a gradient. */
const smooth: Readonly<Record<string, Case>> = {
  "add, broadcast": [[[3, 4], [4]], (a, b) => tf.add(a, b)],
  "sub, broadcast": [[[3, 1], [1, 4]], (a, b) => tf.sub(a, b)],
  "mul, broadcast": [[[2, 3, 4], [3, 1]], (a, b) => tf.mul(a, b)],
  "div": [[[3, 4], [4]], (a, b) => tf.div(a, tf.add(tf.abs(b), 0.5))],
  "pow": [[[5]], (a) => tf.pow(tf.abs(a), 3)],
  "maximum": [[[3, 4], [3, 4]], (a, b) => tf.maximum(a, b)],
  "minimum": [[[3, 4], [3, 4]], (a, b) => tf.minimum(a, b)],
  "squaredDifference": [[[3, 4], [3, 4]], (a, b) => tf.squaredDifference(a, b)],
  "neg": [[[7]], (a) => tf.neg(a)],
  "abs": [[[7]], (a) => tf.abs(a)],
  "exp": [[[7]], (a) => tf.exp(a)],
  "log": [[[7]], (a) => tf.log(tf.add(tf.abs(a), 0.1))],
  "log1p": [[[7]], (a) => tf.log1p(tf.abs(a))],
  "sqrt": [[[7]], (a) => tf.sqrt(tf.add(tf.abs(a), 0.1))],
  "rsqrt": [[[7]], (a) => tf.rsqrt(tf.add(tf.abs(a), 0.5))],
  "square": [[[7]], (a) => tf.square(a)],
  "reciprocal": [[[7]], (a) => tf.reciprocal(tf.add(tf.abs(a), 0.5))],
  "sin and cos": [[[7]], (a) => tf.mul(tf.sin(a), tf.cos(a))],
  "tanh": [[[7]], (a) => tf.tanh(a)],
  "sigmoid": [[[7]], (a) => tf.sigmoid(a)],
  "relu": [[[7]], (a) => tf.relu(a)],
  "leakyRelu": [[[7]], (a) => tf.leakyRelu(a, 0.2)],
  "elu": [[[7]], (a) => tf.elu(a)],
  "softplus": [[[7]], (a) => tf.softplus(a)],
  "erf": [[[7]], (a) => tf.erf(a)],
  "clipByValue": [[[9]], (a) => tf.clipByValue(a, -0.5, 0.5)],
  "cast": [[[7]], (a) => tf.cast(a, "float32")],
  "matMul": [[[7, 8], [8, 9]], (a, b) => tf.matMul(a, b)],
  "matMul, transposed": [[[8, 7], [9, 8]], (a, b) => tf.matMul(a, b, true, true)],
  "matMul, batches": [[[2, 3, 4, 5], [2, 3, 5, 6]], (a, b) => tf.matMul(a, b)],
  "fused matMul": [
    [[7, 8], [8, 9], [9]],
    (a, b, bias) => tf.fused.matMul({ a, b, bias, activation: "relu" }),
  ],
  "sum": [[[3, 4, 5]], (a) => tf.sum(a, [0, 2])],
  "mean": [[[3, 4, 5]], (a) => tf.mean(a, -1, true)],
  "max": [[[3, 4]], (a) => tf.max(a, 1)],
  "min": [[[3, 4]], (a) => tf.min(a, 0)],
  "prod": [[[3, 4]], (a) => tf.prod(a, 1)],
  "variance": [[[3, 4, 5]], (a) => tf.moments(a, 1).variance],
  "norm": [[[3, 4]], (a) => tf.norm(a, 2, 1)],
  "logSumExp": [[[3, 4]], (a) => tf.logSumExp(a, 1)],
  "cumsum": [[[3, 4, 5]], (a) => tf.cumsum(a, 2, false, true)],
  "softmax": [[[3, 4, 5]], (a) => tf.softmax(a)],
  "logSoftmax": [[[3, 4]], (a) => tf.logSoftmax(a)],
  "gather": [[[7, 8]], (a) => tf.gather(a, ints([0, 3, 3, 6]))],
  "gather, columns": [[[7, 8]], (a) => tf.gather(a, ints([0, 3, 7]), 1)],
  "unsortedSegmentSum": [[[7, 8]], (a) => tf.unsortedSegmentSum(a, ints([3, 1, 1, 0, 3, 6, 2]), 9)],
  "concat": [[[3, 4], [3, 2]], (a, b) => tf.concat([a, b], 1)],
  "split": [[[6, 8]], (a) => tf.split(a, [3, 5], 1)[1]],
  "slice": [[[3, 4, 5]], (a) => tf.slice(a, [1, 1, 0], [2, 2, 3])],
  "pad": [[[3, 4]], (a) => tf.pad(a, [[1, 2], [0, 1]], 3)],
  "tile": [[[3, 4]], (a) => tf.tile(a, [2, 3])],
  "transpose": [[[3, 4, 5]], (a) => tf.transpose(a, [2, 0, 1])],
  "reverse": [[[3, 4, 5]], (a) => tf.reverse(a, 1)],
  "reshape": [[[3, 4]], (a) => tf.expandDims(tf.reshape(a, [2, 6]), 1)],
  "stack": [[[3, 4], [3, 4]], (a, b) => tf.stack([a, b], 1)],
  "unstack": [[[3, 4]], (a) => tf.unstack(a, 1)[2]],
  "broadcastTo": [[[3, 1]], (a) => tf.broadcastTo(a, [3, 4])],
  "where": [
    [[3, 4], [3, 4]],
    (a, b) => tf.where(tf.tensor2d([0, 1, 1, 0], [1, 4], "bool"), a, tf.square(b)),
  ],
  "conv1d": [[[2, 10, 3], [3, 3, 4]], (a, b) => tf.conv1d(three(a), three(b), 1, "same")],
  "conv1d, strides": [[[2, 10, 3], [4, 3, 5]], (a, b) => tf.conv1d(three(a), three(b), 2, "valid")],
  "conv2d": [[[2, 8, 8, 3], [3, 3, 3, 4]], (a, b) => tf.conv2d(four(a), four(b), 2, "same")],
  "depthwiseConv2d": [
    [[2, 8, 8, 3], [3, 3, 3, 2]],
    (a, b) => tf.depthwiseConv2d(four(a), four(b), 1, "same"),
  ],
  "spaceToBatchND": [[[2, 8, 3]], (a) => tf.spaceToBatchND(a, [2], [[1, 1]])],
  "batchToSpaceND": [[[4, 5, 3]], (a) => tf.batchToSpaceND(a, [2], [[1, 0]])],
  "maxPool": [[[2, 8, 8, 3]], (a) => tf.maxPool(four(a), 2, 2, "same")],
  "avgPool": [[[2, 8, 8, 3]], (a) => tf.avgPool(four(a), [3, 1], [2, 1], "valid")],
  "batchNorm": [
    [[6, 5], [5], [5], [5], [5]],
    (a, mean, variance, offset, scale) =>
      tf.batchNorm2d(
        two(a),
        mean as tf.Tensor1D,
        tf.add(tf.abs(variance), 0.5) as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
        1e-3,
      ),
  ],
};

/** Operations without one, or whose gradient TensorFlow.js gets wrong. */
const stepped: Readonly<Record<string, Case>> = {
  "stridedSlice": [[[3, 4, 5]], (a) => tf.stridedSlice(a, [0, 0, 0], [3, 4, 5], [1, 2, 2])],
  "einsum": [[[3, 4, 5], [3, 5, 6]], (a, b) => tf.einsum("bij,bjk->bik", a, b)],
  "matMul, one for all": [[[3, 4, 5], [5, 6]], (a, b) => tf.matMul(a, b)],
  "cumprod": [[[3, 4]], (a) => tf.cumprod(a, 1)],
  "topk": [[[7, 8]], (a) => tf.topk(a, 3).values],
  "topk, places": [[[7, 8]], (a) => tf.topk(a, 3).indices],
  "argMax": [[[7, 8]], (a) => tf.argMax(a, 1)],
  "argMin": [[[7, 8]], (a) => tf.argMin(a, 0)],
  "oneHot": [[], () => tf.oneHot(ints([3, 1, 0]), 5)],
  "comparisons": [
    [[9], [9]],
    (a, b) =>
      tf.stack(
        [
          tf.greater(a, b),
          tf.greaterEqual(a, b),
          tf.less(a, b),
          tf.lessEqual(a, b),
          tf.equal(a, a),
          tf.notEqual(a, b),
        ].map((x) => tf.cast(x, "int32")),
      ),
  ],
  "logic": [
    [[9], [9]],
    (a, b) =>
      tf.logicalOr(
        tf.logicalAnd(tf.greater(a, 0), tf.less(b, 0.5)),
        tf.logicalNot(tf.less(a, -0.5)),
      ),
  ],
  "any": [[[3, 4]], (a) => tf.any(tf.greater(a, 0.9), 1)],
  "all": [[[3, 4]], (a) => tf.all(tf.greater(a, -0.9), 1)],
  "rounding": [
    [[9]],
    (a) => tf.stack([tf.floor(a), tf.ceil(a), tf.round(a), tf.sign(a), tf.step(a)]),
  ],
  "isNaN": [[[9]], (a) => tf.isNaN(tf.log(a))],
  "isFinite": [[[9]], (a) => tf.isFinite(tf.div(a, 0))],
  "whole numbers": [[[9]], (a) => tf.cast(tf.mul(a, 5), "int32")],
  "remainders": [[[9]], (a) => tf.mod(tf.cast(tf.mul(a, 50), "int32"), 7)],
  "fill": [[], () => tf.fill([2, 3], 4)],
  "range": [[], () => tf.range(0, 10, 2)],
  "linspace": [[], () => tf.linspace(0, 1, 5)],
  "scatterND": [
    [],
    () => tf.scatterND(tf.tensor2d([[1], [3], [1]], [3, 1], "int32"), tf.tensor1d([1, 2, 3]), [5]),
  ],
  "gatherND": [[[7, 8]], (a) => tf.gatherND(a, tf.tensor2d([[1, 2], [3, 4]], [2, 2], "int32"))],
  "nothing": [[[0, 4]], (a) => tf.concat([a, tf.add(a, 1)])],
};

/** What a case gives on a backend: the tensor and, where asked for, the gradients of its squares. */
function outcome(backend: string, name: string, [shapes, f]: Case, differentiate: boolean) {
  void tf.setBackend(backend);
  return tf.tidy(() => {
    const xs = uniforms(shapes, name).map((values, i) => tf.tensor(values, shapes[i]));
    const slopes = differentiate ? tf.grads((...xs) => tf.sum(tf.square(f(...xs))))(xs) : [];
    return [f(...xs), ...slopes].map((x) => ({
      shape: x.shape,
      dtype: x.dtype,
      values: Array.from(x.dataSync()),
    }));
  });
}

for (const [cases, told] of [[smooth, "values and gradients"], [stepped, "values"]] as const) {
  withLibrary(`the kernels of tensorflow() agree with plain TensorFlow.js in ${told}`, async () => {
    const engine = await open();
    for (const [name, one] of Object.entries(cases)) {
      const [actual, expected] = [BACKEND, "cpu"].map((backend) =>
        outcome(backend, name, one, cases === smooth)
      );
      assertClose({ [name]: actual }, { [name]: expected }, { relative: 2e-5, absolute: 2e-5 });
    }
    await engine.close();
  });
}

withLibrary("tensorflow() has every kernel that models are traced with", async () => {
  const engine = await open();
  traceBackend();
  const names = (backend: string) => tf.getKernelsForBackend(backend).map((k) => k.kernelName);
  const [traced, plain, there] = ["trace", "cpu", BACKEND].map(names);
  // What plain TensorFlow.js has no kernel of is made of others.
  const needed = traced.filter((name) => plain.includes(name));
  assert.ok(needed.length > 50, `${needed.length} kernels are traced`);
  assert.equal(needed.filter((name) => !there.includes(name)).join(), "");
  await engine.close();
});

/** A linear layer whose tensors are large enough for a leak to show. */
const wide = () =>
  exampleOf(
    "wide",
    1,
    { weights: { w: [128, 128] }, floats: { x: [256, 128] } },
    ({ w }, { x }) => ({ loss: tf.mean(tf.square(tf.matMul(x, w))) }),
  );

/** What the kernels call. */
const binding = () => (tf.findBackend(BACKEND) as unknown as { readonly binding: Binding }).binding;

withLibrary("tensorflow() takes no tensor that is not what it says", async () => {
  const engine = await open(), { createTensor, tensorDataSync, deleteTensor, TF_FLOAT } = binding();
  fc.assert(fc.property(fc.array(fc.nat(3), { maxLength: 4 }), fc.nat(100), (shape, given) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: given === 100 ? size : given }, (_, i) => i);
    const make = () => createTensor(shape, TF_FLOAT, values);
    if (values.length !== size) return assert.throws(make, /^RangeError: Cannot make a tensor/);
    assert.throws(() => createTensor(shape, TF_FLOAT, Int32Array.from(values)), RangeError);
    const id = make();
    assertSame(tensorDataSync(id), values);
    deleteTensor(id);
    assert.throws(() => tensorDataSync(id), /^RangeError: Cannot use tensor \d+: /);
  }));
  await engine.close();
});

withLibrary("tensorflow() runs operations of many outputs", async () => {
  const engine = await open();
  void tf.setBackend(BACKEND);
  const values = tf.tidy(() => tf.unstack(tf.range(0, 300)).map((one) => one.dataSync()[0]));
  assertSame(values, Array.from({ length: 300 }, (_, i) => i));
  await engine.close();
});

withLibrary("tensorflow() holds no more handles after 1,000 steps than after 300", async () => {
  const engine = await open(), example = wide();
  const { state, compiled } = await begin(engine, example);
  const learn = async (from: number, to: number) => {
    for (let step = from; step <= to; step++) {
      await compiled.run(state, example.feeds, KEY);
      await engine.optimise(state, { ...ADAM, step });
    }
    return binding().getNumOfTensors();
  };
  const early = await learn(1, 300);
  assert.equal(await learn(301, 1000), early);
  await engine.close();
  assert.ok(binding().getNumOfTensors() < early, "weights stay behind");
});

withLibrary("tensorflow() holds no more memory after 1,000 steps than after 300", () => {
  const megabytes = printed(`
    import { opened } from "./tests/opened.ts";
    import { tensorflow } from "./plugins/engines/tensorflow.ts";
    import { ADAM, begin, KEY, linear } from "./tests/laws/engine_examples.ts";
    import process from "node:process";
    const example = linear(1), { state, compiled } = await begin(await opened(tensorflow()), example);
    for (let step = 1; step <= 1000; step++) {
      await compiled.run(state, example.feeds, KEY);
      if (step % 300 === 0 || step === 1000) console.log(process.memoryUsage().rss / 1e6);
    }
    process.exit();
  `).split("\n").map(Number);
  assert.ok(megabytes[3] - megabytes[0] < 40, String(megabytes));
});

withLibrary("tensorflow() makes sentences of what TensorFlow refuses, and goes on", async () => {
  const engine = await open();
  const huge = exampleOf("huge", 1, { weights: { w: [2 ** 20, 1] } }, ({ w }) => ({
    loss: tf.sum(tf.matMul(w, w, false, true)),
  }));
  const begun = await begin(engine, huge);
  await assert.rejects(() => begun.compiled.run(begun.state, {}, KEY), (error: Error) => {
    assert.ok(error instanceof RunError);
    assert.match(error.message, /^Cannot run \w*MatMul\w* with TensorFlow: OOM.*; use smaller/);
    return true;
  });
  const example = wide(), { state, compiled } = await begin(engine, example);
  assert.ok((await compiled.run(state, example.feeds, KEY)).loss[0] > 0);
  await engine.close();
});

withLibrary("tensorflow() refuses what the process has not", async () => {
  const engine = await open(), process = "this process";
  assert.equal(engine.name, "tensorflow (fp32, 2 threads)");
  const again = await opened(tensorflow());
  assert.equal(again.threads, 2);
  await assert.rejects(() => opened(tensorflow({ threads: 3 })), {
    _tag: "InputError",
    message: new RegExp(`with 3 threads: ${process} has started 2`),
  });
  if (engine.device === "processor") {
    await assert.rejects(() => opened(tensorflow({ device: "gpu" })), {
      _tag: "InputError",
      message: /on device "gpu": TensorFlow in ".*" sees none; install 'tensorflow\[and-cuda\]'/,
    });
  }
  await withFolder(async (folder) => {
    write(join(folder, FILE));
    await assert.rejects(() => opened(tensorflow({ library: folder })), /has loaded ".*"; ask for/);
  });
  await again.close();
  await engine.close();
});

/** What a process leaves behind that learns a step with few permissions and then does `rest`. */
function outcomeOf(rest: string) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ["run", "--no-prompt", "--quiet", "--allow-read", "--allow-env", "--allow-ffi", "-"],
    {
      cwd: new URL("..", import.meta.url),
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
      input: `
        import * as tf from "@tensorflow/tfjs";
        import { Effect, Scope } from "effect";
        import { layoutOf } from "./core/model/program.ts";
        import { tensorflow } from "./plugins/engines/tensorflow.ts";

        const scope = await Effect.runPromise(Scope.make());
        const engine = await Effect.runPromise(Scope.provide(tensorflow(), scope));
        const layout = layoutOf([{ name: "w", shape: [512, 512] }]);
        const state = engine.allocate(layout, "training");
        const compiled = await engine.compile({
          name: "long",
          purpose: "learn",
          inputs: {},
          apply: ({ w }) => ({ loss: tf.sum(tf.square(tf.matMul(w, w))) }),
        }, layout);
        const run = () => compiled.run(state, {}, [1, 2]);
        console.log((await run()).loss.length);
        ${rest}
      `,
    },
  );
  return { status, signal, stdout, stderr };
}

withLibrary("tensorflow() lets a process end well, by its error and by its own word", () => {
  const ended = outcomeOf("void run();");
  assertSame(ended, { status: 0, signal: null, stdout: "1\n", stderr: ended.stderr });
  const failed = outcomeOf(`void run(); throw new Error("the message that must be read");`);
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /the message that must be read/);
  for (const wait of ["", "await new Promise((resolve) => setTimeout(resolve));"]) {
    assert.equal(outcomeOf(`void run(); ${wait} Deno.exit(7);`).status, 7);
  }
});
