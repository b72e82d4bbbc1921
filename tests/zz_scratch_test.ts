import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { RunError } from "../core/errors.ts";
import { type Layout, layoutOf, type Program, type Tensors } from "../core/program.ts";
import { keyOf, stream } from "../core/random.ts";
import { openEngine } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { eagerEngine } from "../streams/engine/eager.ts";
import { sizeOf } from "../streams/engine/feeds.ts";
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
  const engines = [eagerEngine("oracle", "cpu"), await openEngine(openRuntime(2), 2)];
  const random = stream(keyOf(7));
  const weights = Float32Array.from({ length: layout.size }, () => random.normal());
  await fc.assert(
    fc.asyncProperty(operations(Number(Deno.env.get("LEN"))), async (list) => {
      const [expected, actual] = await Promise.all(engines.map(async (engine) => {
        const compiled = await engine.compile(programOf(list), layout);
        const state = engine.allocate(layout, "training");
        state.weights.set(weights);
        const outputs = Object.entries(await compiled.run(state, {}, KEY))
          .map(([name, values]) => [name, values.slice()]);
        const gradients = state.gradients.slice();
        compiled.close();
        state.close();
        return { ...Object.fromEntries(outputs), gradients };
      }));
      assertClose(actual, expected, { relative: 1e-4, absolute: 1e-4 });
    }),
    // A fixed seed: a tie that rounding decides is no fault of the trace, and must not come up some day.
    { numRuns: Number(Deno.env.get("RUNS")), seed: Number(Deno.env.get("SEED")), endOnFailure: true },
  );
  await Promise.all(engines.map((engine) => engine.close()));
});
