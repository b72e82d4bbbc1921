/**
 * A training step on each engine, alternating, against TensorFlow.js running eagerly on its own.
 *
 * `deno run -A bench/step.ts` prints a table and, with `--json`, JSON.
 *
 * @module
 */

import { Effect } from "effect";
import { clsId, type TokenBatch } from "../core/tokens.ts";
import { keyOf, stream } from "../core/random.ts";
import { cpu, onnx, transformer } from "../plugins/mod.ts";
import { learner } from "../streams/learner.ts";

const sizes = [
  { name: "demo", genes: 500, length: 49, width: 32, layers: 2, heads: 4, dropout: 0, cells: 32 },
  {
    name: "real",
    genes: 2000,
    length: 129,
    width: 64,
    layers: 2,
    heads: 4,
    dropout: 0.15,
    cells: 32,
  },
];
const ROUNDS = 5;

type Size = (typeof sizes)[number];

function tokensOf({ genes, length, cells }: Size): TokenBatch {
  const random = stream(keyOf(1)), size = cells * length;
  const masked = Uint8Array.from(
    { length: size },
    (_, i) => i % length && random.uniform() < 0.4 ? 1 : 0,
  );
  const target = Float32Array.from(
    { length: size },
    (_, i) => i % length ? random.exponential() : 0,
  );
  return {
    cells: Uint32Array.from({ length: cells }, (_, i) => i),
    length,
    genes: Int32Array.from(
      { length: size },
      (_, i) => i % length ? random.below(genes) : clsId(genes),
    ),
    input: target.map((value, i) => masked[i] ? -1 : value),
    target,
    padding: new Uint8Array(size),
    masked,
    obs: {},
  };
}

const engines = {
  "onnx, 2 threads": onnx({ threads: 2 }),
  "onnx, 1 thread": onnx({ threads: 1 }),
  "tfjs cpu": cpu(),
};

const table = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
  const rows: { size: string; engine: string; times: number[] }[] = [];
  for (const size of sizes) {
    const tokens = tokensOf(size), shape = { genes: size.genes, length: size.length };
    const { width, layers, heads, dropout, cells } = size;
    const architecture = transformer({ width, layers, heads, dropout })(shape);
    const models = [];
    for (const [name, open] of Object.entries(engines)) {
      const engine = yield* open;
      const model = learner({ engine, architecture, shape, cells }).begin(keyOf(2));
      models.push({ name, model, times: [] as number[] });
    }
    // The first round compiles and is not counted; engines take turns.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const { model, times } of models) {
        const repeats = times === models.at(-1)!.times ? 1 : 5;
        const begun = performance.now();
        for (let i = 0; i < repeats; i++) {
          yield* Effect.promise(() =>
            model.learn([{ tokens }], { step: round * 5 + i, rate: 1e-4, key: keyOf(round) })
          );
        }
        if (round > 0) times.push((performance.now() - begun) / repeats);
      }
    }
    for (const { name, model, times } of models) {
      model.close();
      rows.push({ size: size.name, engine: name, times });
    }
  }
  return rows;
})));

const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[all.length >> 1];
if (Deno.args.includes("--json")) console.log(JSON.stringify(table, null, 2));
else {
  console.log("| size | engine | ms a step: median (range) | times tfjs |\n|---|---|---:|---:|");
  for (const { size, engine, times } of table) {
    const peer = table.find((row) => row.size === size && row.engine === "tfjs cpu")!;
    const range = `${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)}`;
    const ratio = median(peer.times) / median(times);
    console.log(
      `| ${size} | ${engine} | ${median(times).toFixed(1)} (${range}) | ${ratio.toFixed(1)} |`,
    );
  }
}
