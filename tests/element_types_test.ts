import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { type Engine, layoutOf, type Program } from "../core/model/program.ts";
import { keyOf, stream } from "../core/random.ts";
import { openEngine as openOnnx } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { assertClose } from "./first_difference.ts";
import { withNative } from "./native_opened.ts";

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;

/** Operations that take integers and truth values. */
const ONE: Readonly<Record<string, Unary>> = {
  abs: tf.abs,
  argMax: (x) => tf.argMax(x, 1),
  clip: (x) => tf.clipByValue(x, -1, 1),
  cumsum: (x) => tf.cumsum(x, 1),
  exp: tf.exp,
  expm1: tf.expm1,
  isNaN: tf.isNaN,
  leakyRelu: (x) => tf.leakyRelu(x, 0.5),
  matMul: (x) => tf.matMul(tf.cast(x, "int32"), tf.cast(x, "int32"), false, true),
  max: (x) => tf.max(x, 1),
  mean: (x) => tf.mean(x, 0),
  min: (x) => tf.min(x, 0),
  oneHot: (x) => tf.oneHot(tf.cast(x, "int32"), 3, 5, -1, "int32"),
  pad: (x) => tf.pad(x, [[1, 0], [0, 2]], 1),
  prod: (x) => tf.prod(x, 1),
  relu: tf.relu,
  relu6: tf.relu6,
  round: tf.round,
  selu: tf.selu,
  sign: tf.sign,
  softplus: tf.softplus,
  square: tf.square,
  step: (x) => tf.step(x),
  sum: (x) => tf.sum(x, 1),
  tile: (x) => tf.tile(x, [2, 1]),
  transpose: (x) => tf.transpose(x),
};
const TWO: Readonly<Record<string, Binary>> = {
  add: tf.add,
  concat: (x, y) => tf.concat([x, y], 1),
  equal: tf.equal,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  maximum: tf.maximum,
  minimum: tf.minimum,
  mul: tf.mul,
  notEqual: tf.notEqual,
  squaredDifference: tf.squaredDifference,
  sub: (x, y) => tf.sub(x.dtype === "bool" ? tf.cast(x, "int32") : x, y),
  where: (x, y) => tf.where(tf.greater(x, y), x, y),
};

/** Every operation on every type, in one program. */
const program: Program = {
  name: "types",
  purpose: "infer",
  inputs: { m: { shape: [2, 3], dtype: "int32" }, n: { shape: [2, 3], dtype: "int32" } },
  apply(_, { m, n }) {
    const made: Record<string, tf.Tensor> = {};
    for (const type of ["int32", "bool", "float32"] as const) {
      const [x, y] = [tf.cast(m, type), tf.cast(n, type)];
      for (const [name, f] of Object.entries(ONE)) made[`${name} of ${type}`] = f(x);
      for (const [name, f] of Object.entries(TWO)) made[`${name} of ${type}`] = f(x, y);
    }
    return Object.fromEntries(
      Object.entries(made).map(([name, result]) => [name, tf.cast(result, "float32")]),
    );
  },
};

const numbers = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 6, maxLength: 6 })
  .map((all) => Int32Array.from(all));

/** Registers a test of an engine that traces programs. */
function agrees(name: string, open: () => Engine | Promise<Engine>): void {
  Deno.test(`${name}() does with integers and truth values what plain TensorFlow.js does`, async () => {
    const engines = [await open(), cpuEngine()], layout = layoutOf([{ name: "w", shape: [1] }]);
    const opened = await Promise.all(engines.map(async (engine) => ({
      compiled: await engine.compile(program, layout),
      state: engine.allocate(layout, "inference"),
    })));
    await fc.assert(
      fc.asyncProperty(numbers, numbers, async (m, n) => {
        const [actual, expected] = await Promise.all(opened.map(async ({ compiled, state }) => {
          const outputs = await compiled.run(state, { m, n }, keyOf(1));
          return Object.fromEntries(Object.entries(outputs).map(([of, x]) => [of, x.slice()]));
        }));
        assertClose(actual, expected, { relative: 1e-5, absolute: 1e-6 });
      }),
      { numRuns: 30 },
    );
    for (const { compiled, state } of opened) {
      compiled.close();
      state.close();
    }
    for (const engine of engines) await engine.close();
  });
}

/** A program some of whose tensors have no elements, as with one position where two are looked for. */
const hollow = (rows: number, width: number): Program => ({
  name: "hollow",
  purpose: "learn",
  inputs: { x: { shape: [rows, width], dtype: "float32" } },
  apply({ w }, { x }) {
    const product = tf.mul(w, x), none = tf.slice(product, [0, 0], [rows, 0]);
    const behind = tf.mul(tf.slice(product, [1, 0], [rows - 1, width]), 3);
    const places = tf.expandDims(tf.range(1, rows), 1);
    const sums = tf.add(tf.sum(none, 1), tf.sum(tf.matMul(none, none, false, true), 1));
    const terms = [
      tf.sum(tf.relu(tf.mul(behind, places))),
      tf.sum(tf.square(product)),
      tf.sum(sums),
    ];
    return { loss: tf.addN(terms), sums, joined: tf.concat([none, product], 1) };
  },
});

/** Registers a test of an engine that traces programs. */
function copes(name: string, open: () => Engine | Promise<Engine>): void {
  Deno.test(`${name}() copes with tensors without elements`, async () => {
    const engines = [await open(), cpuEngine()], random = stream(keyOf(2));
    for (const [rows, width] of [[1, 1], [1, 3], [2, 1], [3, 2]]) {
      const layout = layoutOf([{ name: "w", shape: [rows, width] }]);
      const w = new Float32Array(rows * width).map(random.normal), x = w.map(random.normal);
      const [actual, expected] = await Promise.all(engines.map(async (engine) => {
        const compiled = await engine.compile(hollow(rows, width), layout);
        const state = engine.allocate(layout, "training");
        await state.write("weights", w);
        const outputs = Object.entries(await compiled.run(state, { x }, keyOf(1)));
        const copies = Object.fromEntries(outputs.map(([of, x]) => [of, x.slice()]));
        const gradients = await state.read("gradients");
        compiled.close();
        state.close();
        return { ...copies, gradients };
      }));
      assertClose(actual, expected, { relative: 1e-5, absolute: 1e-6 });
    }
    for (const engine of engines) await engine.close();
  });
}

copes("onnx", () => openOnnx(openRuntime(1), 1));
await withNative((open) => copes("native", () => open(1)));
agrees("onnx", () => openOnnx(openRuntime(1), 1));
await withNative((open) => agrees("native", () => open(1)));
