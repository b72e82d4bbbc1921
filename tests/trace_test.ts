import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { layerNorm } from "../core/model/composites/mod.ts";
import { RunError } from "../core/errors.ts";
import { layoutOf, type Program, type Tensors } from "../core/model/program.ts";
import { trace } from "../streams/trace/trace.ts";
import { bothEngines } from "./both_engines.ts";
import { evaluate, LEAVES, operations } from "./traced_expressions.ts";

Deno.test("trace() computes what the operations do, forward and backward", async () => {
  const engines = await bothEngines();
  await fc.assert(
    fc.asyncProperty(operations(8), (list) =>
      engines.same({
        shapes: LEAVES,
        results: (leaves) =>
          Object.fromEntries(evaluate(leaves, list).map((result, i) => [`result ${i}`, result])),
      })),
    // A fixed seed: a tie that rounding decides is no fault of the trace, and must not come up some day.
    { numRuns: 250, seed: 1 },
  );
  await engines.close();
});

Deno.test("trace() computes what has no gradient", async () => {
  const engines = await bothEngines();
  await engines.same({
    purpose: "infer",
    tolerance: { relative: 1e-5, absolute: 1e-5 },
    fed: {
      x: { shape: [2, 3], values: Float32Array.of(3, -1.5, 0, 2.25, -7, 5) },
      y: { shape: [2, 3], values: Float32Array.of(2, 2, -3, 0.5, 2, -4) },
      ids: { shape: [2, 2], values: Int32Array.of(1, 0, 1, 1) },
    },
    results: ({ x, y, ids }) => ({
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
      spread: tf.mul(tf.linspace(-1, 3, 7), tf.sum(x)),
      alone: tf.mul(tf.linspace(2, 3, 1), tf.sum(x)),
      rows: tf.gatherND(x, ids),
      batched: tf.gather(x, ids, 1, 1),
      columns: tf.gather(x, ids, 1),
      logSoftmax: tf.logSoftmax(x),
      normal: tf.batchNorm(x as tf.Tensor2D, [0.5, -1, 2], [1, 0.25, 9]),
      channelsFirst: tf.conv2d(
        tf.reshape<tf.Rank.R4>(x, [1, 3, 2, 1]),
        tf.reshape<tf.Rank.R4>(y, [2, 1, 3, 1]),
        1,
        "same",
        "NCHW",
      ),
      fused: tf.fused.matMul({
        a: x as tf.Tensor2D,
        b: y as tf.Tensor2D,
        transposeB: true,
        bias: tf.tensor1d([0.5, -1]),
        activation: "relu6",
      }),
    }),
  });
  await engines.close();
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

/** Where `marked` was last called. */
let line = "";

/** The same tensor; its line is remembered. */
function marked(w: tf.Tensor2D): tf.Tensor2D {
  const [, caller] = [...new Error().stack!.matchAll(/trace_test\.ts:(\d+)/g)];
  line = `tests/trace_test.ts:${caller[1]}`;
  return w;
}

Deno.test("trace() refuses numbers that every run would repeat, and names operation and line", () => {
  const refusals: [string, (w: tf.Tensor2D) => tf.Tensor][] = [
    ["dropout", (w) => tf.dropout(marked(w), 0.5)],
    ["randomNormal", (w) => tf.add(marked(w), tf.randomNormal([4]))],
    ["randomUniform", (w) => tf.add(marked(w), tf.randomUniform([1]))],
    ["tensor", (w) => tf.add(marked(w), tf.tensor2d([...Array(16).keys()], [4, 4]))],
    ["eye", (w) => tf.add(marked(w), tf.eye(4))],
    ["truncatedNormal", (w) => layerNorm(w, { weight: marked(w), bias: tf.truncatedNormal([4]) })],
  ];
  for (const purpose of ["infer", "learn"] as const) {
    for (const [operation, apply] of refusals) {
      assert.throws(() => onSquare((w) => tf.sum(apply(w)), purpose), (error: Error) => {
        assert.ok(error instanceof RunError);
        const start =
          `Cannot compile program "p": cannot trace "${operation}" (${line}): it captures`;
        assert.equal(error.message.slice(0, start.length), start);
        return true;
      });
    }
  }
  onSquare((w) => tf.add(tf.add(w, tf.ones([4, 4])), tf.tensor1d([1, 2, 3, 4])));
});

Deno.test("trace() names the operation that it cannot record, and the line of the model", () => {
  const refusals: [(line: string) => string, (w: tf.Tensor2D) => tf.Tensor][] = [
    [
      (line) => `TopK (${line}) has no traced kernel; write it in other operations`,
      (w) => tf.topk(marked(w)).values,
    ],
    [
      (line) =>
        "cannot read the values of a tensor while its program is traced: compute with the " +
        `tensor instead (${line})`,
      (w) => tf.mul(w, marked(w).dataSync()[0]),
    ],
    [
      (line) =>
        "cannot multiply matrices of shapes [4,4] and [3,4]: rows of 4 numbers do not fit columns " +
        `of 3 (${line})`,
      (w) => tf.matMul(marked(w), tf.slice(w, [0, 0], [3, 4])),
    ],
  ];
  for (const purpose of ["infer", "learn"] as const) {
    for (const [reason, apply] of refusals) {
      assert.throws(() => onSquare((w) => tf.sum(apply(w)), purpose), (error: Error) => {
        assert.equal(error.message, `Cannot compile program "p": ${reason(line)}`);
        return true;
      });
    }
  }
});

Deno.test("trace() says so where an operation that it cannot record is a gradient", () => {
  const dilated = (w: tf.Tensor2D) =>
    tf.sum(
      tf.conv1d(tf.reshape<tf.Rank.R3>(w, [1, 4, 4]), tf.ones([2, 4, 1]), 1, "valid", "NWC", 2),
    );
  assert.throws(() => onSquare(dilated, "learn"), /not yet supported.* \(in a gradient\)$/);
  onSquare(dilated);
});

Deno.test("trace() adds no line to what no line of the model is at fault for", () => {
  assert.throws(() => onSquare((w) => tf.square(w), "learn"), {
    message:
      'Cannot compile program "p": cannot differentiate program "p": its output "loss" has ' +
      "shape [4,4]; return a scalar of that name",
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
  assert.deepEqual(operators((w) => neutral(tf.relu(w))), ["Relu"]);
  assert.deepEqual(operators((w) => tf.add(tf.relu(w), tf.relu(w))), ["Relu", "Add"]);
  assert.deepEqual(operators((w) => [tf.exp(w), tf.relu(w)][1]), ["Relu"]);
  // The sum of a broadcast row is its own sum, multiplied.
  assert.deepEqual(
    operators((w) => tf.sum(tf.broadcastTo(tf.slice(w, [0, 0], [1, 4]), [9, 4]))),
    ["Slice", "ReduceSum", "Mul", "Reshape"],
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
