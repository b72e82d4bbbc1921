import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join as path } from "node:path";
import { Effect } from "effect";
import fc from "fast-check";
import { decode } from "../core/decode.ts";
import { permutation } from "../core/permutation.ts";
import { derive, keyOf } from "../core/random.ts";
import { groupBuilder } from "../streams/atlas/cell_group.ts";
import { importAtlas } from "../streams/import/import_atlas.ts";
import { ImportOptions } from "../streams/import/import_options.ts";
import { join, type Joined } from "../streams/import/join.ts";
import { arrangeCells } from "../streams/import/shuffle/arrange_cells.ts";
import type { RecordShape } from "../streams/import/shuffle/cell_record.ts";
import { collectCells } from "../streams/import/shuffle/collect_cells.ts";
import { byPopularity, ranksOf } from "../streams/import/shuffle/gene_order.ts";
import { orderingCells } from "../streams/import/shuffle/ordered_cells.ts";
import { divide, planRoom } from "../streams/import/shuffle/plan_room.ts";
import { beginning } from "../streams/import/shuffle/progress.ts";
import { openSpill } from "../streams/import/shuffle/spill.ts";
import { openSpilled } from "../streams/import/shuffle/spilled.ts";
import { openWorkshop } from "../streams/import/shuffle/workshop.ts";
import { withFolder } from "./atlas_folder.ts";
import { type Dense, simple, writeH5ad } from "./data_files.ts";
import { assertSame } from "./first_difference.ts";
import { cellsOf, imported } from "./imported.ts";

/** A cell as it is collected: genes in any order, a code, a number, counts small, large or fractional. */
const value = fc.oneof(
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 2 ** 16 - 2, max: 2 ** 16 + 2 }),
  fc.constant(2 ** 24),
  fc.constantFrom(0.5, 1.25),
);
const cell = fc.record({
  genes: fc.uniqueArray(fc.nat(39), { maxLength: 12 }),
  values: fc.array(value, { minLength: 12, maxLength: 12 }),
  code: fc.integer({ min: -1, max: 3 }),
  number: fc.double({ noDefaultInfinity: true }),
});
type Cell = typeof cell extends fc.Arbitrary<infer A> ? A : never;

const layoutOf = (genes: number) => ({
  genes,
  values: "log1p" as const,
  columns: [{ name: "type", categories: ["a", "b", "c", "d"] }],
  numbers: ["depth"],
});
const shapeOf = (genes: number): RecordShape => ({ genes, columns: 1, numbers: 1 });

/** The cells as rows to be collected. */
function rowsOf(cells: readonly Cell[]) {
  const offsets = new Uint32Array(cells.length + 1);
  cells.forEach(({ genes }, i) => offsets[i + 1] = offsets[i] + genes.length);
  return {
    offsets,
    genes: Uint32Array.from(cells.flatMap(({ genes }) => genes)),
    values: Float64Array.from(cells.flatMap(({ genes, values }) => values.slice(0, genes.length))),
    codes: [Int32Array.from(cells, ({ code }) => code)],
    numbers: [Float64Array.from(cells, ({ number }) => number)],
  };
}

/** What is said of one cell: its entries by gene, its code and its number. */
const said = (entries: readonly (readonly [number, number])[], code: number, number: number) => [
  ...[...entries].sort(([a], [b]) => a - b).flat(),
  code,
  number,
];

Deno.test("spilled cells come back in the order of their places, sorted, whatever room there is", async () => {
  const inRoom = fc.record({
    cells: fc.array(cell, { minLength: 1, maxLength: 40 }),
    words: fc.integer({ min: 0, max: 600 }),
    slot: fc.integer({ min: 1, max: 60 }),
    guess: fc.option(fc.nat(200), { nil: undefined }),
    genes: fc.constantFrom(40, 2 ** 16 + 40),
    seed: fc.nat(),
    cut: fc.nat(40),
  });
  await fc.assert(
    fc.asyncProperty(
      inRoom,
      ({ cells, words, slot, guess, genes, seed, cut }) =>
        withFolder((folder) => {
          const shape = shapeOf(genes), n = cells.length;
          const room = { ...divide({ shape, cells: n, entries: guess, words }), slot };
          const order = permutation(n, keyOf(seed)), file = path(folder, "cells");
          const ranks = ranksOf(
            byPopularity(Float64Array.from({ length: genes }, (_, g) => g % 7)),
          );
          // Two writers, as when the first one was killed behind `cut` cells and a little more.
          const halves = [cells.slice(0, cut), cells.slice(cut)];
          let bytes = 0;
          for (const [half, some] of halves.entries()) {
            const spill = openSpill(file, { shape, room, bytes });
            spill.add(rowsOf(some), (i) => order.positionOf(half * Math.min(cut, n) + i));
            bytes = spill.flush();
            if (half === 0) {
              spill.add(rowsOf(cells.slice(-1)), () => 0);
              spill.flush();
            }
            spill.close();
          }
          for (const from of [0, Math.floor(n / 2)]) {
            const spilled = openSpilled(file, { shape, room, bytes, cells: n });
            const layout = layoutOf(genes), ordered = orderingCells(layout, ranks);
            const builder = groupBuilder(layout);
            for (const loaded of spilled.loads(from)) {
              for (const { count, entriesOf, put } of ordered(loaded)) {
                for (let i = 0; i < count; i++) builder.place(entriesOf(i), put);
              }
            }
            spilled.close();
            const { offsets, genes: all, values, codes, numbers } = builder.take();
            const found = Array.from(codes[0], (code, i) => {
              const ids = [...all.subarray(offsets[i], offsets[i + 1])];
              assertSame(ids, ids.toSorted((a, b) => a - b));
              const entries = ids.map((id, e) => [id, values[offsets[i] + e]] as const);
              return said(entries, code, numbers[0][i]);
            });
            const wanted = Array.from({ length: n - from }, (_, i) => {
              const { genes, values, code, number } = cells[order.at(from + i)];
              return said(genes.map((g, e) => [ranks[g], Math.fround(values[e])]), code, number);
            });
            assertSame(found, wanted);
          }
          return Promise.resolve();
        }),
    ),
    { numRuns: 150 },
  );
});

/** Cells × genes in memory, joined. */
async function joinedOf(rows: Dense, types: readonly number[], options: object): Promise<Joined> {
  const genes = rows[0].length, names = Array.from({ length: genes }, (_, i) => `G${i}`);
  const matrix = {
    ...{ path: "memory", cells: rows.length, symbols: names, others: [], notes: [] },
    provenance: "memory",
    obs: [{
      name: "type",
      categories: ["a", "b", "c", "d"],
      codes: (from: number, to: number) => Int32Array.from(types.slice(from, to)),
    }],
    async *rows(batch: number, from = 0) {
      for (let first = from; first < rows.length; first += batch) {
        const some = rows.slice(first, first + batch), offsets = new Uint32Array(some.length + 1);
        some.forEach((_, i) => offsets[i + 1] = (i + 1) * genes);
        const columns = Uint32Array.from({ length: genes * some.length }, (_, e) => e % genes);
        yield await Promise.resolve({
          ...{ first, offsets, columns },
          values: Float64Array.from(some.flat()),
        });
      }
    },
  };
  const full = await Effect.runPromise(decode(ImportOptions, options, "Cannot import"));
  return join([{ name: "memory", matrix }], full);
}

/** The bytes of every file of a folder. */
const filesIn = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder).sort().map((name) => [
      name,
      readFileSync(path(folder, name)).toString("base64"),
    ]),
  );

Deno.test("an import gives the same bytes whatever memory it has", async () => {
  const request = fc.record({
    rows: fc.array(fc.array(fc.constantFrom(0, 0, 1, 2, 70_000), { minLength: 5, maxLength: 5 }), {
      minLength: 2,
      maxLength: 60,
    }),
    words: fc.tuple(fc.nat(400), fc.nat(40_000)),
    interval: fc.integer({ min: 1, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(request, ({ rows, words, interval }) =>
      withFolder(async (folder) => {
        const types = rows.map((_, i) => i % 4), joined = await joinedOf(rows, types, {});
        const shape = { genes: 5, columns: 2, numbers: 0 }, cells = rows.length;
        const written = (name: string, words: number) =>
          Effect.gen(function* () {
            const asked = { request: name, inputs: "" }, output = path(folder, name);
            const workshop = yield* openWorkshop(output, asked);
            const placeOf = permutation(cells, keyOf(1)).positionOf;
            const work = { doing: "Cannot", joined, shape, workshop, interval, placeOf };
            const room = divide({ shape, cells, entries: joined.entries, words });
            const begun = beginning(asked, { cells, genes: 5, room });
            const collected = yield* collectCells(work, begun, () => {});
            const genes = byPopularity(collected.popularity);
            const shards = { shardBytes: 1, order: "shuffled" as const, seed: 1 };
            yield* arrangeCells(work, collected, { genes, ...shards, onCells: () => {} });
            workshop.publish();
            return filesIn(output);
          }).pipe(Effect.scoped, Effect.runPromise);
        assertSame(await written("one", words[0]), await written("two", words[1]));
      })),
    { numRuns: 25 },
  );
});

/** Distinct cells of few types, sorted by type. */
const sorted = (cells: number, types = 8): Dense =>
  Array.from({ length: cells }, (_, i) => [
    ...Array.from({ length: types }, (_, t) => t === Math.floor(i * types / cells) ? 1 : 0),
    i % 97 + 1,
    i + 1,
  ]);
const genesOf = (rows: Dense) => rows[0].map((_, g) => `G${String(g).padStart(3, "0")}`);

Deno.test("importAtlas() puts the cells in the order that the seed names, or leaves theirs", () =>
  withFolder(async (folder) => {
    const rows = sorted(3000),
      input = writeH5ad(path(folder, "a.h5ad"), simple(rows, genesOf(rows)));
    const last = genesOf(rows).at(-1)!;
    const orderOf = async (options: object) =>
      cellsOf(await imported([input], options)).map((cell) => cell[last] - 1);
    assertSame(await orderOf({}), rows.map((_, i) => i));
    for (const seed of [1, 7]) {
      const order = permutation(rows.length, derive(keyOf(seed), "import"));
      const found = await orderOf({ keepOrder: false, seed });
      assertSame(found, rows.map((_, place) => order.at(place)));
    }
    const { manifest } = await imported([input], { keepOrder: false, seed: 7 });
    assertSame([manifest.order, manifest.seed], ["shuffled", 7]);
    const kept = (await imported([input])).manifest;
    assertSame([kept.order, kept.seed], ["as given", undefined]);
  }));

Deno.test("importAtlas() mixes the labels of a sorted input: groups of 1,024 cells hold nearly all of them", () =>
  withFolder(async (folder) => {
    const types = 8, rows = sorted(8192, types);
    const input = writeH5ad(path(folder, "a.h5ad"), simple(rows, genesOf(rows)));
    const bitsOf = async (options: object) => {
      const cells = cellsOf(await imported([input], options)), bits: number[] = [];
      for (let first = 0; first < cells.length; first += 1024) {
        const counts = new Float64Array(types);
        for (const cell of cells.slice(first, first + 1024)) {
          counts[genesOf(rows).findIndex((gene) => cell[gene] === 1)]++;
        }
        bits.push(
          counts.reduce((sum, n) => n === 0 ? sum : sum - n / 1024 * Math.log2(n / 1024), 0),
        );
      }
      return bits;
    };
    // Eight equally frequent labels have 3 bits; 1,024 draws miss (8 - 1) / (2 ln 2 · 1,024) of them.
    for (const bits of await bitsOf({ keepOrder: false })) assert.ok(bits > 2.97, `${bits}`);
    for (const bits of await bitsOf({})) assert.equal(bits, 0);
  }));

Deno.test("importAtlas() orders the vocabulary by popularity, ties by symbol, or as asked", () =>
  withFolder(async (folder) => {
    const rows = [[0, 1, 2, 0, 0], [0, 3, 4, 0, 9], [7, 0, 5, 0, 0]];
    const input = writeH5ad(path(folder, "a.h5ad"), simple(rows, ["E", "B", "C", "D", "A"]));
    const symbolsOf = async (options: object) => (await imported([input], options)).symbols;
    assertSame(await symbolsOf({ geneOrder: "popularity" }), ["C", "B", "A", "E", "D"]);
    assertSame(await symbolsOf({ geneOrder: "symbols" }), ["A", "B", "C", "D", "E"]);
    assertSame(await symbolsOf({ genes: ["E", "X", "C"] }), ["E", "X", "C"]);
    const popular = await imported([input], { geneOrder: "popularity" });
    assertSame(cellsOf(popular), [{ C: 2, B: 1 }, { C: 4, B: 3, A: 9 }, { C: 5, E: 7 }]);
  }));

Deno.test("byPopularity() is a permutation, most popular first, and ranksOf() its inverse", () => {
  fc.assert(fc.property(fc.array(fc.nat(5), { maxLength: 30 }), (popularity) => {
    const order = byPopularity(popularity), ranks = ranksOf(order);
    assertSame([...order].map((gene) => ranks[gene]), popularity.map((_, rank) => rank));
    for (let rank = 1; rank < order.length; rank++) {
      const [a, b] = [order[rank - 1], order[rank]];
      assert.ok(popularity[a] > popularity[b] || (popularity[a] === popularity[b] && a < b));
    }
  }));
});

Deno.test("importAtlas() refuses what contradicts itself, and says the least memory that will do", () =>
  withFolder(async (folder) => {
    const input = writeH5ad(path(folder, "a.h5ad"), simple([[1]], ["A"]));
    const why = async (options: object) => {
      const request = { inputs: [input], output: path(folder, "out"), options };
      const { message } = await Effect.runPromise(Effect.flip(importAtlas(request)));
      assertSame(readdirSync(folder), ["a.h5ad"]);
      return message;
    };
    assert.match(
      await why({ genes: ["A"], geneOrder: "symbols" }),
      /^Cannot order the genes by "symbols": --genes names them in their order; leave one/,
    );
    assert.match(
      await why({ keepOrder: true, seed: 7 }),
      /^Cannot shuffle with seed "7": --keep-order leaves the cells in their order; leave one/,
    );
    assert.match(await why({ memory: "lots" }), /^Cannot read memory "lots": write a number and/);
    const found = /^Cannot import with 100 MB of memory: the least that will do is (\d+) MB$/
      .exec(await why({ memory: "100MB" }));
    assert.ok(found);
    const shape = { genes: 30_000, columns: 2, numbers: 1 };
    const least = { shape, cells: 1e7, entries: 1.5e10, memory: Number(found[1]) * 1e6 };
    assert.ok(planRoom(least).buckets > 1);
  }));

Deno.test("planRoom() keeps a bucket and all slots within the memory, from few cells to many", () => {
  const request = fc.record({
    genes: fc.integer({ min: 1, max: 100_000 }),
    cells: fc.integer({ min: 1, max: 2 ** 31 }),
    density: fc.double({ min: 0, max: 1, noNaN: true }),
    memory: fc.integer({ min: 512e6, max: 8e9 }),
  });
  fc.assert(fc.property(request, ({ genes, cells, density, memory }) => {
    const shape = { genes, columns: 5, numbers: 2 }, entries = cells * genes * density;
    const { buckets, places, slot, loaded, records } = planRoom({ shape, cells, entries, memory });
    assert.equal(buckets, Math.ceil(cells / places));
    assert.ok(4 * loaded <= memory / 2);
    assert.ok(4 * slot * buckets <= Math.max(memory / 4, 4 * 2 ** 10 * buckets));
    assert.ok(records / buckets <= loaded || places === 1, `${records / buckets} > ${loaded}`);
  }));
});

Deno.test("importAtlas() leaves a folder with the mode that folders have, and none beside it", () =>
  withFolder(async (folder) => {
    const input = writeH5ad(path(folder, "a.h5ad"), simple([[1, 2], [0, 3]], ["A", "B"]));
    const output = path(folder, "out");
    await Effect.runPromise(importAtlas({ inputs: [input], output }));
    const usual = path(folder, "usual");
    Deno.mkdirSync(usual);
    assert.equal(statSync(output).mode, statSync(usual).mode);
    assertSame(readdirSync(folder).sort(), ["a.h5ad", "out", "usual"]);
  }));
