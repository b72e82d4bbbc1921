/**
 * Programs on the oracle and on the engine that traces them.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { type Arrays, layoutOf, type Program, type Tensors } from "../core/model/program.ts";
import { keyOf, stream } from "../core/random.ts";
import { openEngine } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { assertClose } from "./first_difference.ts";

/** What is compared. */
export interface Compared {
  /** Shapes of what the results are differentiated by; normal numbers, drawn by a fixed key. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** "whole" rounds these numbers, so that many are equal; "real" unless given. */
  readonly numbers?: "real" | "whole";
  /** What is fed besides, with the arrays themselves. */
  readonly fed?: Readonly<
    Record<string, { readonly shape: number[]; readonly values: Arrays[""] }>
  >;
  readonly results: (given: Tensors) => Tensors;
  /** "infer" leaves gradients out; "learn" unless given. */
  readonly purpose?: Program["purpose"];
  /** How close is close enough; 1e-4 unless given. */
  readonly tolerance?: Parameters<typeof assertClose>[2];
}

/** The oracle and the default engine side by side. */
export interface BothEngines {
  /** Throws unless both find the same results and the same gradients of all of them. */
  same(compared: Compared): Promise<void>;
  close(): Promise<void>;
}

/** Opens both. */
export async function bothEngines(): Promise<BothEngines> {
  const engines = [cpuEngine(), await openEngine(openRuntime(2), 2)];
  return {
    async same({ shapes = {}, numbers = "real", fed = {}, results, ...given }) {
      const { purpose = "learn", tolerance = CLOSE } = given;
      const layout = layoutOf(Object.entries(shapes).map(([name, shape]) => ({ name, shape })));
      const random = stream(keyOf(7));
      const round = numbers === "whole" ? Math.round : (x: number) => x;
      const weights = Float32Array.from({ length: layout.size }, () => round(random.normal()));
      const entries = Object.entries(fed);
      const feeds = Object.fromEntries(entries.map(([name, { values }]) => [name, values]));
      const inputs = entries.map(([name, { shape, values }]) => {
        const dtype = values instanceof Float32Array ? "float32" : "int32";
        return [name, { shape, dtype }] as const;
      });
      const program = programOf(purpose, Object.fromEntries(inputs), results);
      const [expected, actual] = await Promise.all(engines.map(async (engine) => {
        const compiled = await engine.compile(program, layout);
        const state = engine.allocate(layout, "training");
        await state.write("weights", weights);
        const outputs = Object.entries(await compiled.run(state, feeds, keyOf(1)))
          .map(([name, values]) => [name, values.slice()]);
        const gradients = await state.read("gradients");
        compiled.close();
        state.close();
        return { ...Object.fromEntries(outputs), gradients };
      }));
      assertClose(actual, expected, tolerance);
    },
    close: async () => {
      await Promise.all(engines.map((engine) => engine.close()));
    },
  };
}

const CLOSE = { relative: 1e-4, absolute: 1e-4 };

/** All results, and a loss in which every number of them counts differently. */
function programOf(
  purpose: Program["purpose"],
  inputs: Program["inputs"],
  results: Compared["results"],
): Program {
  return {
    name: "compared",
    purpose,
    inputs,
    apply(weights, inputs) {
      const made = results({ ...weights, ...inputs });
      if (purpose === "infer") return made;
      const terms = Object.values(made).map((result, i) => {
        const places = tf.reshape(tf.range(1, result.size + 1), result.shape);
        return tf.mul(tf.sum(tf.mul(tf.tanh(result), tf.sin(places))), 1 + i / 8);
      });
      return { ...made, loss: tf.addN(terms) };
    },
  };
}
