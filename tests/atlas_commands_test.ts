import { equal, match, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Effect } from "effect";
import type { CellBatch } from "../core/batch.ts";
import { keyOf, stream } from "../core/random.ts";
import { atlasInWords, categoriesInWords, cellsInWords } from "../streams/atlas/atlas_in_words.ts";
import { atlasStats } from "../streams/atlas/atlas_stats.ts";
import { describeAtlas } from "../streams/atlas/describe_atlas.ts";
import { orderInWords } from "../streams/atlas/order_in_words.ts";
import { orderOf } from "../streams/atlas/order_of.ts";
import { statsInWords } from "../streams/atlas/stats_in_words.ts";
import { verifyAtlas } from "../streams/atlas/verify_atlas.ts";
import { type AtlasBatch, writeAtlas } from "../streams/atlas/write_atlas.ts";
import { openBytes } from "../streams/bytes/open_bytes.ts";
import { chunkOf } from "../streams/parquet/chunk.ts";
import { openColumns, openTable } from "../streams/parquet/table.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { refusalsOfFlippedEnds } from "./flipped_ends.ts";

const run = Effect.runPromise;
const GENES = 40;

/** Cells sorted by label, each with a few genes. */
async function* cellsOf(cells: number, labels: number): AsyncGenerator<AtlasBatch> {
  const random = stream(keyOf(1)), size = 500;
  for (let first = 0; first < cells; first += size) {
    const rows = Math.min(size, cells - first);
    const offsets = new Uint32Array(rows + 1), genes: number[] = [], values: number[] = [];
    for (let i = 0; i < rows; i++) {
      for (let gene = 0; gene < GENES; gene++) {
        if (random.uniform() < 0.8) continue;
        genes.push(gene);
        values.push(1 + random.below(9));
      }
      offsets[i + 1] = genes.length;
    }
    yield {
      cells: new Uint32Array(rows),
      offsets,
      genes: Uint32Array.from(genes),
      values: Float32Array.from(values),
      obs: {
        label: Int32Array.from(
          { length: rows },
          (_, i) => Math.floor((first + i) * labels / cells),
        ),
      },
      numbers: { age: Float64Array.from({ length: rows }, (_, i) => first + i) },
    };
  }
}

/** Writes an atlas of several row groups, sorted by label. */
const writeSorted = (folder: string, { cells = 5000, labels = 4, shardBytes = 2 ** 30 } = {}) =>
  run(writeAtlas(folder, {
    vocabulary: { symbols: Array.from({ length: GENES }, (_, gene) => `G${gene}`) },
    values: "counts",
    columns: [{
      name: "label",
      categories: Array.from({ length: labels }, (_, label) => `type ${label}`),
    }],
    numbers: ["age"],
    provenance: "a test",
    batches: cellsOf(cells, labels),
    shardBytes,
  }));

/** Four cells with 1, 2, 0 and 1 genes and library sizes 5, 3, 0 and 10; nobody has the gene D. */
const FOUR: CellBatch = {
  cells: new Uint32Array(4),
  offsets: Uint32Array.of(0, 1, 3, 3, 4),
  genes: Uint32Array.of(1, 0, 1, 2),
  values: Float32Array.of(5, 1, 2, 10),
  obs: { type: Int32Array.of(0, 1, -1, 1) },
};

Deno.test("atlasStats() counts four cells", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a"), symbols = ["A", "B", "C", "D"];
    const { shards: [{ bytes }] } = await run(writeAtlas(path, {
      vocabulary: { symbols },
      values: "counts",
      columns: [{ name: "type", categories: ["x", "y"] }],
      numbers: [],
      provenance: "a test",
      batches: (async function* () {
        yield FOUR;
      })(),
    }));
    const stats = await run(atlasStats(path));
    assertSame([stats.cells, stats.genes, stats.nonZeros, stats.bytes], [4, 4, 4, bytes]);
    assertSame([stats.bytesPerCell, stats.bytesPerNonZero], [bytes / 4, bytes / 4]);
    // Sorted: 0, 1, 1, 2 genes and 0, 3, 5, 10 counts; 5 % of the way is 0.15 places on.
    assertClose(stats.nonZerosPerCell, [0.15, 0.75, 1, 1.25, 1.85], { absolute: 1e-12 });
    assertClose(stats.librarySizes, [0.45, 2.25, 4, 6.25, 9.25], { absolute: 1e-12 });
    equal(stats.neverExpressed, 1);
    assertSame(stats.mostExpressed, [
      { gene: "B", cells: 2 },
      { gene: "A", cells: 1 },
      { gene: "C", cells: 1 },
    ]);
    assertSame(stats.labels, [{
      name: "type",
      categories: [{ name: "x", cells: 1 }, { name: "y", cells: 2 }],
      missing: 1,
    }]);
    const lines = statsInWords(stats, 80);
    ok(lines.slice(1).every((line) => line.length <= 80), lines.join("\n"));
    match(lines.join("\n"), /genes +4, 1 in no cell\n/);
    match(lines.join("\n"), /library size +0 +2 +4 +6 +9\n/);
    const narrow = statsInWords(stats, 50);
    ok(narrow.slice(1).every((line) => line.length <= 50), narrow.join("\n"));
  }));

Deno.test("atlasStats() says how far it is", () =>
  withFolder(async (folder) => {
    await writeSorted(join(folder, "a"));
    const told: string[] = [];
    await run(atlasStats(join(folder, "a"), (done, all) => told.push(`${done} of ${all}`)));
    equal(told.at(-1), "5000 of 5000");
  }));

for (const labels of [3, 12, 60]) {
  Deno.test(`orderOf() finds a sorted atlas of ${labels} labels mixed unless it is told otherwise`, () =>
    withFolder(async (folder) => {
      const cells = 20_000;
      await writeSorted(join(folder, "a"), { cells, labels });
      const request = { label: "label", batch: 128, seed: 1 };
      const report = await run(orderOf(join(folder, "a"), request));
      assertSame([report.categories, report.cells, report.block], [labels, cells, 64]);
      ok(report.drawn.share >= 0.9, `${report.drawn.share} of a truly random order`);
      ok(report.stored.share < 0.2, `${report.stored.share} as stored`);
      equal(report.better, undefined);
      const words = orderInWords(report, 80);
      match(words.join("\n"), /truly random +\d\.\d\d +100 %\n/);
      equal(words.at(-1), "Batches are mixed");
    }));
}

Deno.test("orderOf() names what would mix better, and it does", () =>
  withFolder(async (folder) => {
    await writeSorted(join(folder, "a"), { cells: 9000, labels: 12 });
    const request = { label: "label", batch: 128, seed: 1 };
    const bad = await run(orderOf(join(folder, "a"), { ...request, block: 64, window: 256 }));
    ok(bad.drawn.share < 0.9 && bad.better, `${bad.drawn.share} of a truly random order`);
    const { block, window } = bad.better;
    const good = await run(orderOf(join(folder, "a"), { ...request, block, window }));
    equal(good.drawn.share, bad.better.share);
    ok(good.drawn.share >= 0.9);
    const words = orderInWords(bad, 80);
    ok(words.every((line) => line.length <= 80), words.join("\n"));
    match(words.join(" "), new RegExp(`below 90 %: --window ${window} would +reach 9`));
    const unknown = run(Effect.flip(orderOf(join(folder, "a"), { ...request, label: "labl" })));
    equal((await unknown).message, 'Cannot find column "labl": did you mean "label"?');
  }));

/** Where a column of a row group lies in a shard. */
async function placeOf(shard: string, name: string, group: number) {
  const bytes = await openBytes(shard);
  try {
    const [column] = await openColumns(await openTable(bytes), [name]);
    return chunkOf(column, group);
  } finally {
    await bytes.close();
  }
}

Deno.test("verifyAtlas() names the first damaged row group and what is wrong with it", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    const { shards } = await writeSorted(path, { shardBytes: 30_000 });
    ok(shards.length > 2 && shards[1].rows > 1024, `${shards.length} shards`);
    equal(await run(verifyAtlas(path)), 5000);
    const shard = join(path, shards[1].file), whole = readFileSync(shard);
    for (const name of ["genes", "counts", "label", "age"]) {
      const damaged = Uint8Array.from(whole);
      for (const group of [1, 0]) {
        const { start, bytes } = await placeOf(shard, name, group);
        damaged[start + bytes - 1] ^= 1;
        writeFileSync(shard, damaged);
        const { message } = await run(Effect.flip(verifyAtlas(path)));
        match(
          message,
          new RegExp(
            `^Cannot read atlas shard "${shards[1].file}", row group ${group}: .*checksum`,
          ),
          name,
        );
        writeFileSync(shard, whole);
      }
    }
    equal(await run(verifyAtlas(path)), 5000);
  }));

Deno.test("verifyAtlas() notices cells that were never right, whatever the hashes say", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    await writeSorted(path, { cells: 2000 });
    // The same shard under a manifest that knows fewer genes and categories.
    const manifest = JSON.parse(readFileSync(join(path, "atlas.json"), "utf8"));
    manifest.columns[0].categories.pop();
    writeFileSync(join(path, "atlas.json"), JSON.stringify(manifest));
    const { message } = await run(Effect.flip(verifyAtlas(path)));
    match(message, /^Cannot read atlas shard ".*", row group 1: .*category "type 3"/);
  }));

Deno.test("describeAtlas() says how columns lie in the files and how they are read", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a"), { shards } = await writeSorted(path);
    const found = await run(describeAtlas(path));
    assertSame(found.stored.map(({ name }) => name), ["genes", "counts", "label", "age"]);
    for (const { fast, rowGroups, bytes } of found.stored) {
      assertSame([fast, rowGroups], [5, 5]);
      ok(bytes > 0 && bytes < shards[0].bytes);
    }
    const [genes] = found.stored;
    assertSame([genes.indexed, genes.pages], [5, Math.ceil(5000 / 64)]);
    const words = (seed?: number) =>
      atlasInWords({ ...found, ...(seed !== undefined && { order: "shuffled", seed }) }, 80);
    match(words().join("\n"), /cells +5,000, as given\n/);
    match(words().join("\n"), /pages +79 of genes/);
    match(words(7).join("\n"), /cells +5,000, shuffled with the seed 7\n/);
  }));

Deno.test("describeAtlas() names a damaged shard, wherever a bit of its end is another", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a"), { shards } = await writeSorted(path);
    const shard = join(path, shards[0].file), ends = { bytes: 6000, step: 13 };
    const refused = await refusalsOfFlippedEnds(shard, ends, describeAtlas(path));
    for (const message of refused) match(message, /^Cannot (open|read) atlas (shard "cells-|")/);
    ok(refused.length > 50, `${refused.length} refused`);
  }));

Deno.test("categoriesInWords() and cellsInWords() show the beginning of long names", () => {
  const long = "😀".repeat(5000), shown = `${"😀".repeat(59)}…`;
  const categories = [{ name: long, cells: 2 }, { name: "z", cells: 1 }];
  equal(
    categoriesInWords({ name: "type", categories, missing: 0 }),
    `2 categories: ${shown} (2), z (1)`,
  );
  const cell = { cell: 0, obs: { type: long }, genes: 1, total: 1, top: [] };
  match(cellsInWords([cell], 400)[0], new RegExp(`type ${shown}$`));
});

Deno.test("gil atlas stats, order and verify print words and JSON", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a"), cli = fileURLToPath(new URL("../cli.ts", import.meta.url));
    await writeSorted(path);
    const gil = async (...words: string[]) =>
      (await promisify(execFile)(process.execPath, ["run", "-A", cli, "atlas", ...words])).stdout;
    const [words, json, verified] = await Promise.all([
      gil("order", path, "--label", "label", "--block", "1024", "--window", "1024"),
      gil("stats", path, "--json"),
      gil("verify", path),
    ]);
    match(words, /Batches are badly mixed, below 90 %: --block 64/);
    assertSame([JSON.parse(json).cells, JSON.parse(json).genes], [5000, GENES]);
    equal(verified, "5,000 cells, every byte as it was written\n");
  }));
