import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { RunError } from "../core/errors.ts";
import { type Layout, layoutOf, type Program, type Tensors } from "../core/model/program.ts";
import { keyOf, stream } from "../core/random.ts";
import { openEngine } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { trace } from "../streams/trace/trace.ts";
import { assertClose } from "./first_difference.ts";
import { evaluate, LEAVES, type Operation, operations } from "./traced_expressions.ts";

const KEY = keyOf(1);
const layout: Layout = layoutOf(Object.entries(LEAVES).map(([name, shape]) => ({ name, shape })));

/** All results, and a loss that every one of them has a share in. */
function programOf(list: readonly Operation[]): Program {
  return {
    name: JSON.stringify(list),
    purpose: "learn",
    inputs: {},
    apply(leaves) {
      const results = evaluate(leaves, list);
      const terms = results.map((result, i) => tf.mul(tf.sum(tf.tanh(result)), 1 + i / 8));
      const outputs = Object.fromEntries(results.map((result, i) => [`result ${i}`, result]));
      return { ...outputs, loss: tf.addN(terms) };
    },
  };
}

Deno.test("trace() computes what the operations do, forward and backward", async () => {
  const engines = [cpuEngine(), await openEngine(openRuntime(2), 2)];
  const random = stream(keyOf(7));
  const weights = Float32Array.from({ length: layout.size }, () => random.normal());
  await fc.assert(
    fc.asyncProperty(operations(8), async (list) => {
      const [expected, actual] = await Promise.all(engines.map(async (engine) => {
        const compiled = await engine.compile(programOf(list), layout);
        const state = engine.allocate(layout, "training");
        await state.write("weights", weights);
        const outputs = Object.entries(await compiled.run(state, {}, KEY))
          .map(([name, values]) => [name, values.slice()]);
        const gradients = await state.read("gradients");
        compiled.close();
        state.close();
        return { ...Object.fromEntries(outputs), gradients };
      }));
      assertClose(actual, expected, { relative: 1e-4, absolute: 1e-4 });
    }),
    // A fixed seed: a tie that rounding decides is no fault of the trace, and must not come up some day.
    { numRuns: 250, seed: 1 },
  );
  await Promise.all(engines.map((engine) => engine.close()));
});

Deno.test("trace() computes what has no gradient", async () => {
  const engines = [cpuEngine(), await openEngine(openRuntime(2), 2)];
  const feeds = {
    x: Float32Array.of(3, -1.5, 0, 2.25, -7, 5),
    y: Float32Array.of(2, 2, -3, 0.5, 2, -4),
    ids: Int32Array.of(1, 0, 1, 1),
  };
  const program: Program = {
    name: "odds and ends",
    purpose: "infer",
    inputs: {
      x: { shape: [2, 3], dtype: "float32" },
      y: { shape: [2, 3], dtype: "float32" },
      ids: { shape: [2, 2], dtype: "int32" },
    },
    apply: (_, { x, y, ids }) => ({
      argMax: tf.argMax(x, 1),
      argMin: tf.argMin(x, 0),
      all: tf.all(tf.greaterEqual(x, y), 1),
      any: tf.any(tf.lessEqual(x, y), 0),
      logic: tf.logicalXor(tf.notEqual(x, 0), tf.logicalNot(tf.less(x, y))),
      both: tf.logicalOr(tf.logicalAnd(tf.greater(x, 0), tf.equal(y, 2)), tf.isNaN(x)),
      mod: tf.mod(x, y),
      floorDiv: tf.floorDiv(tf.cast(x, "int32"), tf.cast(tf.mul(y, 2), "int32")),
      prod: tf.prod(x, 1),
      prelu: tf.prelu(x, tf.tensor1d([0.1, 0.2, 0.3])),
      rounded: tf.stack([tf.floor(x), tf.ceil(x), tf.round(x), tf.sign(x)]),
      trigonometry: tf.concat([tf.sin(x), tf.cos(x), tf.tan(x), tf.atan(x), tf.asinh(x)]),
      hyperbolic: tf.concat([tf.sinh(x), tf.cosh(x), tf.tanh(x)]),
      logarithms: tf.concat([tf.log1p(tf.abs(x)), tf.expm1(x), tf.reciprocal(y), tf.selu(x)]),
      strided: tf.stridedSlice(x, [1, 2], [-3, 0], [-1, -1]),
      corner: tf.stridedSlice(x, [0, 1], [1, 3], [1, 1], 0, 0, 0, 0, 1),
      hot: tf.oneHot(ids, 3, 5, -1),
      range: tf.add(tf.range(0, 6, 2), tf.sum(x)),
      rows: tf.gatherND(x, ids),
      batched: tf.gather(x, ids, 1, 1),
      columns: tf.gather(x, ids, 1),
      logSoftmax: tf.logSoftmax(x),
      fused: tf.fused.matMul({
        a: x as tf.Tensor2D,
        b: y as tf.Tensor2D,
        transposeB: true,
        bias: tf.tensor1d([0.5, -1]),
        activation: "relu6",
      }),
    }),
  };
  const [expected, actual] = await Promise.all(engines.map(async (engine) => {
    const nothing = layoutOf([]);
    const compiled = await engine.compile(program, nothing);
    const outputs = await compiled.run(engine.allocate(nothing, "inference"), feeds, KEY);
    return Object.fromEntries(Object.entries(outputs).map(([k, v]) => [k, v.slice()]));
  }));
  assertClose(actual, expected, { relative: 1e-5, absolute: 1e-5 });
  await Promise.all(engines.map((engine) => engine.close()));
});

/** A program without inputs, on one 4 × 4 weight. */
const onSquare = (apply: (w: tf.Tensor2D) => tf.Tensor, purpose: Program["purpose"] = "infer") =>
  trace(
    {
      name: "p",
      purpose,
      inputs: {},
      apply: ({ w }): Tensors => ({ loss: apply(w as tf.Tensor2D) }),
    },
    layoutOf([{ name: "w", shape: [4, 4] }]),
  );

Deno.test("trace() refuses numbers that every run would repeat, and names the operation", () => {
  const refusals: [string, (w: tf.Tensor2D) => tf.Tensor][] = [
    ["dropout", (w) => tf.dropout(w, 0.5)],
    ["randomNormal", (w) => tf.add(w, tf.randomNormal([4]))],
    ["randomUniform", (w) => tf.add(w, tf.randomUniform([1]))],
    ["tensor", (w) => tf.add(w, tf.tensor2d([...Array(16).keys()], [4, 4]))],
    ["eye", (w) => tf.add(w, tf.eye(4))],
  ];
  for (const [operation, apply] of refusals) {
    assert.throws(() => onSquare(apply), (error: Error) => {
      assert.ok(error instanceof RunError);
      assert.match(
        error.message,
        new RegExp(`^Cannot compile program "p": cannot trace "${operation}"`),
      );
      return true;
    });
  }
  onSquare((w) => tf.add(tf.add(w, tf.ones([4, 4])), tf.tensor1d([1, 2, 3, 4])));
});

Deno.test("trace() says what it cannot record", () => {
  assert.throws(() => onSquare((w) => tf.topk(w, 2).values), {
    message: 'Cannot compile program "p": TopK has no traced kernel; write it in other operations',
  });
  assert.throws(() => onSquare((w) => tf.mul(w, w.dataSync()[0])), {
    message: 'Cannot compile program "p": cannot read the values of a tensor while its program ' +
      "is traced: compute with the tensor instead",
  });
});

Deno.test("trace() leaves no tensor behind in 64 traces", () => {
  const before = tf.memory().numTensors;
  for (let i = 0; i < 64; i++) onSquare((w) => tf.sum(tf.softmax(tf.matMul(w, w))), "learn");
  assert.throws(() => onSquare((w) => tf.sum(tf.dropout(tf.square(w), 0.5)), "learn"), RunError);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("trace() writes only the nodes that are needed", () => {
  const operators = (apply: (w: tf.Tensor2D) => tf.Tensor) =>
    onSquare(apply).graph.nodes.map((node) => node.op);
  const neutral = (w: tf.Tensor) => tf.add(tf.mul(w, tf.ones([4, 4])), tf.zeros([4]));
  assert.deepEqual(operators((w) => neutral(tf.relu(w))), ["Relu", "Identity"]);
  assert.deepEqual(operators((w) => tf.add(tf.relu(w), tf.relu(w))), ["Relu", "Add", "Identity"]);
  assert.deepEqual(operators((w) => [tf.exp(w), tf.relu(w)][1]), ["Relu", "Identity"]);
  // The sum of a broadcast row is its own sum, multiplied.
  assert.deepEqual(
    operators((w) => tf.sum(tf.broadcastTo(tf.slice(w, [0, 0], [1, 4]), [9, 4]))),
    ["Slice", "ReduceSum", "Mul", "Reshape", "Identity"],
  );
});

Deno.test("trace() leaves the rows of a table's gradient to be added up", () => {
  const table = layoutOf([{ name: "table", shape: [9, 2] }]);
  const { roles } = trace({
    name: "p",
    purpose: "learn",
    inputs: { ids: { shape: [3], dtype: "int32" } },
    apply: ({ table }, { ids }) => ({
      loss: tf.sum(tf.mul(tf.gather(table, ids as tf.Tensor1D), tf.gather(table, [0, 1, 0]))),
    }),
  }, table);
  assert.deepEqual([...roles.values()].map((role) => role.is).toSorted(), [
    ..."ids ids input output rows rows weight".split(" "),
  ]);
});
