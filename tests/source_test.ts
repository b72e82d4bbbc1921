import { equal, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Effect } from "effect";
import { keyOf } from "../core/random.ts";
import type { Source } from "../core/source.ts";
import { synthetic as study } from "../core/synthetic.ts";
import { atlas } from "../plugins/sources/atlas.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { synthesise } from "../streams/reading/synthesise.ts";
import { DENO_DIR } from "./deno_folder.ts";
import { assertSame } from "./first_difference.ts";
import { allOf, heldSource } from "./held_source.ts";
import { memorySource } from "./memory_source.ts";
import { readAll, sourceLaws } from "./laws/source_laws.ts";
import { folderOfTests } from "./atlas_folder.ts";

const SHAPE = { cells: 2500, genes: 60, cellTypes: 4, dataSets: 2, modules: 5, depth: 60, seed: 3 };
const made = synthesise(SHAPE);

/** The made-up cells as an atlas of several shards, for all tests of this file. */
const folder = folderOfTests();
await Effect.runPromise(writeAtlas(join(folder, "atlas"), {
  ...made,
  numbers: [],
  provenance: "made up",
  batches: made.batches(),
  shardBytes: 1,
}));
const written = atlas({ path: join(folder, "atlas") });

sourceLaws("atlas()", written);
sourceLaws("synthesise()", Effect.succeed(sourceOf({ ...SHAPE, cells: 1100 })));
sourceLaws("memorySource()", Effect.succeed(memorySource({ cells: 300, genes: 9 })));

Deno.test("atlas() reads back what was written, in any order", () =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const stored = yield* written, fresh = sourceOf(SHAPE);
    for (const order of ["stored", keyOf(5)] as const) {
      const request = { batch: 512, order, block: 100, window: 900 };
      assertSame(
        yield* Effect.promise(() => readAll(stored, request)),
        yield* Effect.promise(() => readAll(fresh, request)),
      );
    }
  }))));

Deno.test("synthetic() keeps the study as an atlas in the cache folder, written once", async () => {
  const request = { batch: 512, order: keyOf(5), block: 100, window: 900 };
  const program = join(import.meta.dirname!, "cached_study.ts"), cache = join(folder, "cache");
  const words = ["run", "--allow-all", "--no-check", program];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...words, JSON.stringify(SHAPE), JSON.stringify(request)],
    {
      encoding: "utf8",
      env: { ...process.env, XDG_CACHE_HOME: cache, DENO_DIR },
      maxBuffer: 2 ** 26,
    },
  );
  equal(status, 0, stderr);
  const [first, again] = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertSame(first, await readAll(sourceOf(SHAPE), request));
  assertSame(again, first);
  equal(readdirSync(join(cache, "gil")).length, 1);
});

Deno.test("synthetic() gives each cell whatever is read before it", () => {
  const counts = [0, 1].map(() => new Float32Array(SHAPE.genes));
  const one = study(SHAPE, keyOf(3)), other = study(SHAPE, keyOf(3));
  for (const row of [1700, 3, 2499, 3]) {
    for (let before = 0; before < 3; before++) one.fillCounts(counts[0], before);
    one.fillCounts(counts[0], row);
    other.fillCounts(counts[1], row);
    assertSame(counts[0], counts[1]);
  }
});

Deno.test("synthetic() makes cells as sparse and as uneven as real ones", () => {
  for (let seed = 0; seed < 5; seed++) {
    const { expressed, totals } = census(seed);
    const share = middle(expressed) / 800;
    ok(share > 0.1 && share < 0.5, `seed ${seed}: half the cells express ${share} of the genes`);
    const [low, high] = [totals[totals.length >> 4], totals.at(-(totals.length >> 4))!];
    ok(high / low > 2, `seed ${seed}: library sizes from ${low} to ${high}`);
  }
});

Deno.test("synthetic() lets the genes of a module go together within a data set", () => {
  for (let seed = 0; seed < 5; seed++) {
    const { sums, values } = census(seed), cells = values.slice(0, values.length / 2);
    const genes = [...sums[0].keys()].sort((a, b) => sums[0][b] - sums[0][a]).slice(0, 60);
    // Of 59 others that tell nothing, the closest would reach a correlation of about 0.17.
    const closest = genes.map((gene) =>
      Math.max(...genes.map((other) => other === gene ? 0 : correlation(cells, gene, other)))
    );
    const typical = middle(closest.sort((a, b) => a - b));
    ok(typical > 0.35, `seed ${seed}: the closest gene has a correlation of ${typical}`);
  }
});

Deno.test("synthetic() gives each data set strong genes of its own, which the other expresses too", () => {
  for (let seed = 0; seed < 5; seed++) {
    const { sums, expressedIn } = census(seed);
    const [one, other] = sums.map((sum) =>
      [...sum.keys()].sort((a, b) => sum[b] - sum[a]).slice(0, 40)
    );
    const shared = one.filter((gene) => other.includes(gene)).length;
    ok(shared < 25, `seed ${seed}: ${shared} of the 40 strongest genes are the same`);
    const elsewhere = one.map((gene) => expressedIn[1][gene]).sort((a, b) => a - b);
    ok(middle(elsewhere) > 0.2, `seed ${seed}: strong genes are missing in the other data set`);
  }
});

/** The study of a shape as a source. */
function sourceOf(shape: typeof SHAPE): Source {
  const { vocabulary, values, columns, batches } = synthesise(shape), { cells } = shape;
  let held: ReturnType<typeof allOf> | undefined;
  return heldSource({
    vocabulary,
    values,
    columns,
    cells,
    held: () => held ??= allOf(batches()),
    block: 1024,
  });
}

/** A few hundred made-up cells, counted. */
function census(seed: number) {
  const cells = 400, genes = 800;
  const shape = { cells, genes, cellTypes: 6, dataSets: 2, modules: 12, depth: 800 };
  const { fillCounts, labels } = study(shape, keyOf(seed)), counts = new Float32Array(genes);
  const sums = [new Float64Array(genes), new Float64Array(genes)];
  const expressedIn = [new Float64Array(genes), new Float64Array(genes)];
  const expressed: number[] = [], totals: number[] = [], values: Float32Array[] = [];
  for (let cell = 0; cell < cells; cell++) {
    fillCounts(counts, cell);
    const [set] = labels(cell);
    counts.forEach((count, gene) => {
      sums[set][gene] += Math.log1p(count);
      if (count > 0) expressedIn[set][gene] += 2 / cells;
    });
    expressed.push(counts.filter((count) => count > 0).length);
    totals.push(counts.reduce((sum, count) => sum + count, 0));
    values.push(counts.map((count) => Math.log1p(1000 * count / totals.at(-1)!)));
  }
  const sorted = (numbers: number[]) => numbers.sort((a, b) => a - b);
  return { sums, expressedIn, expressed: sorted(expressed), totals: sorted(totals), values };
}

const middle = (sorted: readonly number[]): number => sorted[sorted.length >> 1];

function correlation(cells: readonly Float32Array[], a: number, b: number): number {
  let sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
  for (const cell of cells) {
    sa += cell[a];
    sb += cell[b];
    saa += cell[a] ** 2;
    sbb += cell[b] ** 2;
    sab += cell[a] * cell[b];
  }
  const n = cells.length, spread = (n * saa - sa * sa) * (n * sbb - sb * sb);
  return spread > 0 ? (n * sab - sa * sb) / Math.sqrt(spread) : 0;
}
