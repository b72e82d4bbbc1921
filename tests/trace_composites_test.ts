import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { attention, layerNorm, linear } from "../core/model/composites/mod.ts";
import { layoutOf, type Program } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { bytesOf } from "../streams/trace/estimate.ts";
import type { Kernel } from "../streams/trace/traced.ts";
import { node, whole } from "../streams/trace/traced.ts";
import { trace } from "../streams/trace/trace.ts";

const CELLS = 2, LENGTH = 3, WIDTH = 4;

const layout = layoutOf([
  { name: "in.weight", shape: [WIDTH, 3 * WIDTH] },
  { name: "in.bias", shape: [3 * WIDTH] },
  { name: "norm.weight", shape: [WIDTH] },
  { name: "norm.bias", shape: [WIDTH] },
]);

/** A linear layer, attention and a norm. */
const program: Program = {
  name: "small",
  purpose: "learn",
  inputs: {
    x: { shape: [CELLS * LENGTH, WIDTH], dtype: "float32" },
    padding: { shape: [CELLS, LENGTH], dtype: "float32" },
  },
  apply(weights, { x, padding }, noise) {
    const affine = (name: string) => ({
      weight: weights[`${name}.weight`],
      bias: weights[`${name}.bias`],
    });
    const projected = linear(x as tf.Tensor2D, affine("in"));
    const options = { padding: padding as tf.Tensor2D, heads: 2, rate: 0.5 };
    const normal = layerNorm(attention(projected, options, noise), affine("norm"));
    return { loss: tf.sum(tf.square(normal)) };
  },
};

Deno.test("trace() names the composite that every node is a part of", () => {
  const { graph } = trace(program, layout);
  const inside = (composite: string) =>
    graph.nodes.filter(({ within }) => within === composite).map(({ op }) => op);
  for (const name of ["linear", "attention", "layerNorm"]) {
    assert.ok(inside(name).length > 0, name);
    assert.ok(inside(`${name}Gradient`).length > 0, `${name}Gradient`);
  }
  assert.equal(inside("attention").filter((op) => op === "Softmax").length, 1);
  // Two products for each of queries, keys and values and for the weights.
  const products = inside("attentionGradient").filter((op) => /MatMul/.test(op));
  assert.equal(products.length, 4);
  assert.deepEqual(inside("").filter((op) => /MatMul|Softmax/.test(op)), []);
});

Deno.test("trace() leaves a composite to the engine that takes it over, both ways", () => {
  const taken: string[] = [];
  const record = (op: string, like: readonly string[]): Kernel => (graph, inputs, attributes) => {
    taken.push(`${op} ${JSON.stringify(attributes)} of ${Object.keys(inputs)}`);
    const names = Object.values(inputs).map((input) => whole(graph, input));
    const outputs = graph.addMany(op, names, {}, like.length);
    return like.map((name, i) => {
      const shape = name === "value" ? [CELLS * LENGTH, WIDTH] : inputs[name].shape;
      return node(outputs[i], "float32", shape);
    });
  };
  const { graph } = trace(program, layout, {
    attention: record("Attention", ["value", "padding"]),
    attentionGradient: record("AttentionGradient", ["projected"]),
  });
  assert.deepEqual(taken, [
    'Attention {"heads":2} of projected,padding,keep',
    'AttentionGradient {"heads":2} of dy,value,projected,padding,keep,kept0',
  ]);
  const ops = graph.nodes.map(({ op }) => op);
  assert.equal(ops.filter((op) => /^Attention/.test(op)).length, 2);
  assert.ok(!ops.includes("Softmax"));
  // The next trace expands it again.
  assert.ok(trace(program, layout).graph.nodes.some(({ op }) => op === "Softmax"));
});

Deno.test("a composite that a backend takes over has the values and gradients of its kernels", async () => {
  const kernel = (kernelName: string, kernelFunc: tf.KernelFunc) =>
    tf.registerKernel({ kernelName, backendName: "cpu", kernelFunc });
  const dense = (x: tf.TensorInfo) => x as tf.Tensor2D;
  // Twice what the reference computes, so that it shows who computed.
  kernel("linear", ({ inputs: { x, weight, bias } }) =>
    tf.mul(
      tf.add(
        tf.matMul(dense(x as tf.TensorInfo), dense(weight as tf.TensorInfo)),
        bias as tf.Tensor,
      ),
      2,
    ));
  kernel("linearGradient", ({ inputs }) => {
    const { dy, x, weight } = inputs as Record<string, tf.Tensor2D>;
    return [
      tf.mul(tf.matMul(dy, weight, false, true), 2),
      tf.mul(tf.matMul(x, dy, true, false), 2),
      tf.mul(tf.sum(dy, 0), 2),
    ];
  });
  const small = layoutOf([{ name: "w", shape: [2, 2] }, { name: "b", shape: [2] }]);
  const engine = cpuEngine(), state = engine.allocate(small, "training");
  try {
    await state.write("weights", Float32Array.of(1, 2, 3, 4, 5, 6));
    const compiled = await engine.compile({
      name: "taken",
      purpose: "learn",
      inputs: { x: { shape: [1, 2], dtype: "float32" } },
      apply: ({ w, b }, { x }) => {
        const value = linear(x as tf.Tensor2D, { weight: w, bias: b });
        return { loss: tf.sum(value), value };
      },
    }, small);
    const { value } = await compiled.run(state, { x: Float32Array.of(1, 10) }, keyOf(1));
    assert.deepEqual([...value], [2 * (1 + 30 + 5), 2 * (2 + 40 + 6)]);
    assert.deepEqual([...await state.read("gradients")], [2, 2, 20, 20, 2, 2]);
  } finally {
    for (const name of ["linear", "linearGradient"]) tf.unregisterKernel(name, "cpu");
    await engine.close();
  }
});

Deno.test("bytesOf() counts memory that is used again once, and all of it where it is kept", () => {
  const chain = (links: number): Program => ({
    name: "chain",
    purpose: "infer",
    inputs: { x: { shape: [1000], dtype: "float32" } },
    apply: (_, { x }) => ({
      y: Array.from({ length: links }).reduce((y: tf.Tensor) => tf.sin(y), x),
    }),
  });
  const bytes = (links: number, lifetime: "reused" | "kept") => {
    const { graph, roles } = trace(chain(links), layoutOf([]));
    return bytesOf(graph, roles, lifetime);
  };
  // What goes in and what comes out, and two links at a time.
  assert.equal(bytes(9, "reused"), 4000 * (2 + 2));
  assert.equal(bytes(9, "kept"), 4000 * (2 + 8));
});
