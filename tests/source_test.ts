import { equal, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect } from "effect";
import { keyOf } from "../core/random.ts";
import { synthetic as study } from "../core/synthetic.ts";
import { atlas } from "../plugins/sources/atlas.ts";
import { synthetic } from "../plugins/sources/synthetic.ts";
import { planCells, planWindows } from "../streams/plan_read.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { synthesise } from "../streams/synthesise.ts";
import { assertSame } from "./first_difference.ts";
import { memorySource } from "./memory_source.ts";
import { readAll, sourceLaws } from "./laws/source_laws.ts";

const SHAPE = { cells: 2500, genes: 60, cellTypes: 4, dataSets: 2, modules: 5, depth: 60, seed: 3 };
const made = synthesise(SHAPE);

/** The made-up cells as an atlas of several shards, for all tests of this file. */
const folder = mkdtempSync(join(tmpdir(), "gil-test-"));
globalThis.addEventListener("unload", () => rmSync(folder, { recursive: true }));
await Effect.runPromise(writeAtlas(join(folder, "atlas"), {
  ...made,
  numbers: [],
  provenance: "made up",
  batches: made.batches(),
  shardBytes: 1,
}));
const written = atlas({ path: join(folder, "atlas") });

sourceLaws("atlas()", written);
sourceLaws("synthetic()", synthetic({ ...SHAPE, cells: 1100 }));
sourceLaws("memorySource()", Effect.succeed(memorySource({ cells: 300, genes: 9 })));

Deno.test("atlas() reads back what synthetic() made", () =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const stored = yield* written, fresh = yield* synthetic(SHAPE);
    for (const order of ["stored", keyOf(5)] as const) {
      const request = { batch: 512, order };
      const [one, other] = yield* Effect.promise(() =>
        Promise.all([readAll(stored, request), readAll(fresh, request)])
      );
      assertSame(one, other);
    }
  }))));

Deno.test("planWindows() draws every block once, sixteen to a window", () => {
  for (const blocks of [0, 1, 15, 16, 17, 100]) {
    const windows = planWindows(blocks, keyOf(blocks));
    assertSame(windows.flat().toSorted((a, b) => a - b), [...Array(blocks).keys()]);
    ok(windows.slice(0, -1).every((window) => window.length === 16));
    assertSame(planWindows(blocks, "stored").flat(), [...Array(blocks).keys()]);
  }
});

Deno.test("planWindows() mixes the whole atlas: blocks of a window come from everywhere", () => {
  // In an atlas sorted by label a window must hold the first and the last quarter alike.
  for (let seed = 0; seed < 20; seed++) {
    const quarters = planWindows(1600, keyOf(seed))[0].map((block) => Math.floor(block / 400));
    ok(new Set(quarters).size >= 3, `seed ${seed} draws from ${new Set(quarters).size} quarters`);
  }
});

Deno.test("planCells() permutes the cells of a window, each window its own way", () => {
  const order = (window: number) =>
    Array.from({ length: 50 }, (_, i) => planCells(50, keyOf(1), window)(i));
  assertSame(order(0).toSorted((a, b) => a - b), [...Array(50).keys()]);
  ok(order(0).some((cell, i) => cell !== order(1)[i]));
  equal(planCells(50, "stored", 0)(17), 17);
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
    ok(share > 0.1 && share < 0.4, `seed ${seed}: half the cells express ${share} of the genes`);
    const [low, high] = [totals[totals.length >> 4], totals.at(-(totals.length >> 4))!];
    ok(high / low > 2, `seed ${seed}: library sizes from ${low} to ${high}`);
  }
});

Deno.test("synthetic() lets the genes of a module go together", () => {
  for (let seed = 0; seed < 5; seed++) {
    const { sums, values } = census(seed);
    // A gene of a module has a partner that goes with it more than a typical gene does.
    const genes = [...sums[0].keys()].sort((a, b) => sums[0][b] - sums[0][a]).slice(0, 60);
    const lead = genes.map((gene) => {
      const others = genes.filter((other) => other !== gene)
        .map((other) => correlation(values, gene, other)).sort((a, b) => a - b);
      return others.at(-1)! - middle(others);
    });
    ok(middle(lead.sort((a, b) => a - b)) > 0.3, `seed ${seed}: no gene tells of another`);
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
    values.push(counts.map(Math.log1p));
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
