import assert from "node:assert/strict";
import { Effect } from "effect";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lastValueFrom, of } from "rxjs";
import type { CellBatch } from "../core/batch.ts";
import type { Plugin } from "../core/plugin.ts";
import { make } from "../core/registry.ts";
import * as plugins from "../plugins/mod.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { loadExperiment } from "../streams/experiment/load_experiment.ts";
import { synthesise } from "../streams/reading/synthesise.ts";
import { transformLaws } from "./laws/mod.ts";
import { folderOfTests } from "./atlas_folder.ts";

const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** The example in the README that begins with this line of code or names this file. */
function example(mark: string): string {
  const blocks = [...README.matchAll(/```ts([^\n]*)\n([\s\S]*?)```/g)];
  const found = blocks.find(([, name, code]) => name.trim() === mark || code.includes(mark));
  assert.ok(found, `the README holds no example "${mark}"`);
  return found[2];
}

/** A folder outside the project that holds the README's plugin and an experiment that uses it. */
function outside(use: object): string {
  const folder = folderOfTests();
  writeFileSync(join(folder, "clip.ts"), example("clip.ts"));
  const json = {
    name: "mine",
    plugins: ["./clip.ts"],
    source: { use: "synthetic" },
    sets: [{ name: "set-1" }],
    curriculum: { use: "important-genes" },
    transforms: [{ use: "log1p" }, use],
    architecture: { use: "transformer" },
    methods: { baseline: {} },
    evaluators: [{ use: "gene-regression" }],
  };
  writeFileSync(join(folder, "mine.jsonc"), JSON.stringify(json));
  return join(folder, "mine.jsonc");
}
const load = (path: string) => Effect.runPromise(loadExperiment(path, plugins));

Deno.test("the README's plugin works from its own file, named in an experiment", async () => {
  const { experiment, registry } = await load(outside({ use: "clip", max: 3 }));
  const [, use] = experiment.transforms;
  const clip = await Effect.runPromise(make(registry, "transform", use));
  const cell: CellBatch = {
    cells: Uint32Array.of(0),
    offsets: Uint32Array.of(0, 3),
    genes: Uint32Array.of(0, 1, 2),
    values: Float32Array.of(1, 5, 3),
    obs: {},
  };
  assert.deepEqual([...(await lastValueFrom(of(cell).pipe(clip))).values], [1, 3, 3]);
});

Deno.test("the README's plugin refuses a key that it does not read", async () => {
  const { experiment, registry } = await load(outside({ use: "clip", maximum: 3 }));
  const failed = Effect.flip(make(registry, "transform", experiment.transforms[1]));
  assert.equal(
    (await Effect.runPromise(failed)).message,
    'Cannot configure transform "clip": "maximum" is not a known key; known are "max"',
  );
});

const { clip } = await import(join(outside({ use: "clip" }), "../clip.ts")) as {
  clip: Plugin<"transform">;
};
transformLaws("the README's clip", () => clip({ max: 3 }));

Deno.test("the README's means() agree with a sum over all cells", async () => {
  const folder = folderOfTests();
  writeFileSync(join(folder, "means.ts"), example("export async function means"));
  const shape = {
    cells: 300,
    genes: 40,
    cellTypes: 2,
    dataSets: 1,
    modules: 3,
    depth: 90,
    seed: 4,
  };
  const { vocabulary, values, columns, batches } = synthesise(shape);
  const input = { vocabulary, values, columns, numbers: [], provenance: "", batches: batches() };
  await Effect.runPromise(writeAtlas(join(folder, "atlas"), input));

  const { means } = await import(join(folder, "means.ts"));
  const found = await means(join(folder, "atlas"), shape.genes) as Float64Array;
  const sums = new Float64Array(shape.genes);
  for await (const { genes, values } of batches()) {
    genes.forEach((gene, e) => sums[gene] += values[e]);
  }
  assert.deepEqual([...found], [...sums].map((sum) => sum / shape.cells));
});
