/**
 * What training takes in memory: run as a process of its own, as nothing else may be in it.
 *
 * `deno run -A --v8-flags=--expose-gc tests/onnx_memory.ts growth` prints what it measured as JSON.
 *
 * @module
 */

import process from "node:process";
import { learningProgram } from "../core/model/objective.ts";
import { layoutOf } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import { openEngine } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { transformer } from "../plugins/mod.ts";

/** Bytes in memory when whatever is not needed is gone. */
function resident(): number {
  (globalThis as unknown as { gc(): void }).gc();
  return process.memoryUsage.rss();
}

interface Size {
  readonly cells: number;
  readonly length: number;
  readonly dropout: number;
}

/** A model that trains on an engine of its own, size by size. */
async function openTraining() {
  const engine = await openEngine(openRuntime(2), 2);
  const architecture = ({ length, dropout }: Size) =>
    transformer({ layers: 2, width: 64, heads: 8, dropout })({ genes: 500, length });
  const layout = layoutOf(architecture({ cells: 1, length: 2, dropout: 0 }).weights);
  const state = engine.allocate(layout, "training");
  let step = 0;
  return {
    close: engine.close,
    /** Steps of one size; how much memory they should take. */
    async begin(size: Size) {
      const { cells, length } = size, label = `${step}`;
      const program = learningProgram(architecture(size), { cells, length, label });
      const compiled = await engine.compile(program, layout);
      const floats = () => new Float32Array(cells * length);
      const feeds = {
        genes: new Int32Array(cells * length),
        input: floats(),
        padding: floats(),
        target: floats(),
        share: floats(),
      };
      return {
        estimate: engine.estimate(program, layout),
        async learn() {
          await compiled.run(state, feeds, keyOf(step++));
          await engine.optimise(state, { rate: 1e-3, step, beta1: 0.9, beta2: 0.999 });
        },
      };
    },
  };
}

const tiny = { cells: 2, length: 20, dropout: 0.1 };
const weights = { cells: 16, length: 300, dropout: 0.1 };
/** Rows so long that attention is made twice. */
const long = { cells: 1, length: 2000, dropout: 0 };
const sizes = [128, 192, 256, 320, 384].map((length) => ({ cells: 8, length, dropout: 0.1 }));

/** What a process measures on itself: nothing else may be in its memory. */
const measurements = {
  /** Growth by one size and what was estimated, for two sizes; what is left when all is closed. */
  async growth() {
    const first = await openTraining();
    await (await first.begin(tiny)).learn();
    await first.close();
    const start = resident(), grown = [];
    for (const size of [weights, long]) {
      const training = await openTraining(), before = resident();
      const { learn, estimate } = await training.begin(size);
      await learn();
      await learn();
      grown.push({ estimate, measured: resident() - before });
      await training.close();
    }
    return { grown, left: resident() - start };
  },
  /** Growth by the largest of five sizes alone, and by all five of them in turns. */
  async buckets() {
    const growths = [];
    for (const chosen of [[tiny], sizes.slice(-1), sizes]) {
      const training = await openTraining(), before = resident();
      const begun = [];
      for (const size of chosen) begun.push(await training.begin(size));
      for (const { learn } of [...begun, ...begun.toReversed()]) await learn();
      growths.push(resident() - before);
      await training.close();
    }
    return { largest: growths[1], all: growths[2] };
  },
  /** Growth by many steps, after as many. */
  async flat() {
    const { begin, close } = await openTraining(), { learn } = await begin(tiny);
    const many = async () => {
      for (let i = 0; i < 500; i++) await learn();
      return resident();
    };
    await many();
    const before = await many(), after = await many();
    await close();
    return { growth: after - before };
  },
};

/** What is printed, by the name of the measurement. */
export type Measured = {
  readonly [Name in keyof typeof measurements]: Awaited<
    ReturnType<(typeof measurements)[Name]>
  >;
};

if (import.meta.main) {
  console.log(JSON.stringify(await measurements[process.argv[2] as keyof Measured]()));
}
