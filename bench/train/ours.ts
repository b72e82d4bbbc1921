/**
 * One of our engines as a program that is measured; `peer.ts` says how it is asked and answers.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { Effect } from "effect";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import process from "node:process";
import { learningProgram } from "../../core/model/objective.ts";
import { type Engine, layoutOf, type Program } from "../../core/model/program.ts";
import { keyOf, stream } from "../../core/random.ts";
import { make } from "../../core/registry.ts";
import type { Use } from "../../core/experiment.ts";
import * as plugins from "../../plugins/mod.ts";
import { microBatch } from "../../streams/engine/memory.ts";
import { learner } from "../../streams/learner.ts";
import { batchOf } from "./batch.ts";
import { architectureOf, WEIGHTS } from "./job.ts";
import type { Answer, Greeting } from "./peer.ts";
import type { Size } from "./sizes.ts";

/** What this program is asked for. */
export interface OurRequest {
  readonly engine: Use;
  /**
   * Training steps; those with a remembered batch beside the new one; products of two square matrices;
   * or compiling the step and nothing else.
   */
  readonly work: "train" | "replay" | "product" | "compile";
  readonly size: Size;
  readonly rate: number;
  /** Edge of the matrices. */
  readonly edge: number;
}

/** Work that can be done again and again. */
interface Work {
  readonly parameters: number;
  /** Does it once and returns the loss. */
  step(): Promise<number>;
}

/** Steps that each learn from so many batches. */
const training = (batches: number) => (engine: Engine, { size, rate }: OurRequest): Work => {
  const architecture = architectureOf(size), tokens = batchOf(size);
  const lessons = Array.from({ length: batches }, () => ({ tokens }));
  const cells = microBatch(size.cells, size.length);
  const model = learner({ engine, architecture, shape: size, cells }).begin(WEIGHTS);
  let step = 0;
  return {
    parameters: layoutOf(architecture.weights).size,
    async step() {
      const { loss } = await model.learn(lessons, { step, rate, key: keyOf(step) });
      step++;
      return loss;
    },
  };
};

const works: Record<
  OurRequest["work"],
  (engine: Engine, request: OurRequest) => Work | Promise<Work>
> = {
  train: training(1),
  replay: training(2),
  async product(engine, { edge }) {
    const layout = layoutOf(["a", "b"].map((name) => ({ name, shape: [edge, edge] })));
    const program: Program = {
      name: "product",
      purpose: "infer",
      inputs: {},
      apply: ({ a, b }) => ({ corner: tf.slice(tf.matMul(a, b), [0, 0], [1, 1]) }),
    };
    const state = engine.allocate(layout, "inference"), random = stream(keyOf(1));
    await state.write("weights", new Float32Array(layout.size).map(random.uniform));
    const compiled = await engine.compile(program, layout);
    return {
      parameters: 0,
      async step() {
        await compiled.run(state, {}, [0, 0]);
        return 0;
      },
    };
  },
  compile(engine, { size }) {
    const architecture = architectureOf(size), layout = layoutOf(architecture.weights);
    const shape = { cells: microBatch(size.cells, size.length), length: size.length };
    let label = 0;
    return {
      parameters: layout.size,
      async step() {
        const named = { ...shape, label: `${label++}` };
        (await engine.compile(learningProgram(architecture, named), layout)).close();
        return 0;
      },
    };
  },
};

/** Answers until there is nothing more to answer. */
async function serve({ parameters, step }: Work, { name, device }: Engine): Promise<void> {
  const tell = (line: Greeting | Answer) => console.log(JSON.stringify(line));
  tell({ name, device, parameters });
  for await (const line of createInterface({ input: process.stdin })) {
    const milliseconds: number[] = [], losses: number[] = [];
    for (let i = 0; i < Number(line); i++) {
      const begun = performance.now();
      losses.push(await step());
      milliseconds.push(performance.now() - begun);
    }
    tell({ milliseconds, losses, ...memory() });
  }
}

/** Bytes in memory now and at most; the most is not known everywhere. */
function memory(): Pick<Answer, "resident" | "peak"> {
  const resident = process.memoryUsage.rss();
  try {
    const found = readFileSync("/proc/self/status", "utf8").match(/VmHWM:\s*(\d+) kB/);
    return { resident, peak: 1024 * Number(found?.[1] ?? 0) };
  } catch {
    return { resident, peak: 0 };
  }
}

const request: OurRequest = JSON.parse(process.argv[2]);
const program = Effect.scoped(Effect.gen(function* () {
  const engine = yield* yield* make(plugins, "engine", request.engine);
  // It would be products of floats whose factors were rounded.
  const isSlow = engine.precision === "bf16" && engine.notes?.length;
  if (isSlow) return yield* Effect.fail(new Error(`left out: ${engine.notes?.join("; ")}`));
  const work = yield* Effect.promise(async () => await works[request.work](engine, request));
  yield* Effect.promise(() => serve(work, engine));
}));
await Effect.runPromise(program).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
