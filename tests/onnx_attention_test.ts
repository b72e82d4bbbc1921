import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { attention } from "../core/model/composites/mod.ts";
import { type Engine, layoutOf, type Program } from "../core/model/program.ts";
import { type Key, keyOf, stream } from "../core/random.ts";
import type { AttentionBudget } from "../plugins/engines/onnx/attention.ts";
import { compositeKernels } from "../plugins/engines/onnx/composites.ts";
import { openEngine } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { bytesOf } from "../streams/trace/estimate.ts";
import { trace } from "../streams/trace/trace.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { key } from "./laws/arbitraries.ts";

/** What `use` makes of an engine of two threads. */
async function withEngine<A>(
  use: (engine: Engine) => Promise<A>,
  budget?: AttentionBudget,
): Promise<A> {
  const engine = await openEngine(openRuntime(2), 2, budget && compositeKernels(budget));
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

interface Sizes {
  readonly cells: number;
  readonly length: number;
  readonly heads: number;
  readonly head: number;
  readonly rate: number;
}

/** Attention of given sizes, differentiated by queries, keys and values. */
function attending({ cells, length, heads, head, rate }: Sizes): Program {
  return {
    name: "attending",
    purpose: "learn",
    inputs: {
      padding: { shape: [cells, length], dtype: "float32" },
      direction: { shape: [cells * length, heads * head], dtype: "float32" },
    },
    apply({ projected }, { padding, direction }, noise) {
      const options = { padding: padding as tf.Tensor2D, heads, rate };
      const value = attention(projected as tf.Tensor2D, options, noise);
      return { loss: tf.sum(tf.mul(value, direction)), value };
    },
  };
}

const layoutFor = ({ cells, length, heads, head }: Sizes) =>
  layoutOf([{ name: "projected", shape: [cells * length, 3 * heads * head] }]);

/** Value and gradient of attention on random numbers, a share of the keys padded. */
async function attended(engine: Engine, sizes: Sizes, key: Key) {
  const layout = layoutFor(sizes), random = stream(key), { cells, length } = sizes;
  const normals = (size: number) => Float32Array.from({ length: size }, () => random.normal());
  const compiled = await engine.compile(attending(sizes), layout);
  const state = engine.allocate(layout, "training");
  await state.write("weights", normals(layout.size));
  const padding = Float32Array.from(
    { length: cells * length },
    (_, i) => i % length && random.uniform() < 0.3 ? 1 : 0,
  );
  const feeds = { padding, direction: normals(layout.size / 3) };
  const { value } = await compiled.run(state, feeds, key);
  const found = { value: value.slice(), gradient: await state.read("gradients") };
  compiled.close();
  state.close();
  return found;
}

const sizes = fc.record({
  cells: fc.integer({ min: 1, max: 3 }),
  length: fc.integer({ min: 1, max: 9 }),
  heads: fc.integer({ min: 1, max: 3 }),
  head: fc.integer({ min: 1, max: 4 }),
  rate: fc.constantFrom(0, 0.4),
});

const ALL = { group: Infinity, kept: Infinity };

Deno.test("attentionKernels() agree with the reference, whatever is kept and in groups of any size", async () => {
  const plain = await openEngine(openRuntime(2), 2, {});
  await fc.assert(
    fc.asyncProperty(sizes, key(), fc.integer({ min: 1, max: 10 }), async (sizes, key, heads) => {
      const expected = await attended(plain, sizes, key);
      const group = heads * 4 * sizes.length ** 2;
      for (const budget of [ALL, { group, kept: Infinity }, { group, kept: 0 }]) {
        const actual = await withEngine((engine) => attended(engine, sizes, key), budget);
        assertClose(actual, expected, { relative: 1e-4, absolute: 1e-5 });
      }
    }),
    { numRuns: 25 },
  );
  await plain.close();
});

Deno.test("attentionKernels() give the same bytes whether weights are kept or made again", async () => {
  const long = { cells: 2, length: 70, heads: 4, head: 8, rate: 0.2 };
  const group = 3 * 4 * long.length ** 2;
  const [kept, again] = await Promise.all(
    [Infinity, 0].map((kept) =>
      withEngine((engine) => attended(engine, long, keyOf(1)), { group, kept })
    ),
  );
  assertSame(again, kept);
});

Deno.test("attentionKernels() keep nothing of positions × positions when rows are long", () => {
  const long = { cells: 1, length: 1000, heads: 8, head: 4, rate: 0 };
  const measure = (budget: AttentionBudget) => {
    const { graph, roles } = trace(attending(long), layoutFor(long), compositeKernels(budget));
    const weighed = graph.nodes.filter(({ op }) => op === "Softmax").length;
    return { bytes: bytesOf(graph, roles, "reused"), weighed };
  };
  const head = 4 * long.length ** 2;
  const kept = measure({ group: head, kept: Infinity }), again = measure({ group: head, kept: 0 });
  assert.equal(kept.weighed, long.heads);
  assert.equal(again.weighed, 2 * long.heads);
  assert.ok(kept.bytes > long.heads * head);
  // Weights, their gradient and two of what comes in between.
  assert.ok(again.bytes < 5 * head, `${again.bytes / head} matrices`);
});
