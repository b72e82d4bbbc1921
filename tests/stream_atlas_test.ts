import { equal, match, ok, rejects } from "node:assert/strict";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type CellBatch, concatCells, selectCells } from "../core/batch.ts";
import { InputError } from "../core/errors.ts";
import { derive, keyOf } from "../core/random.ts";
import { planRead } from "../streams/reading/plan/plan_read.ts";
import { sliceCells } from "../streams/reading/pool/cut_batches.ts";
import { mergeRanges } from "../streams/reading/staging/merge_ranges.ts";
import { sortSpans } from "../streams/reading/staging/sort_spans.ts";
import { streamAtlas, type StreamOptions } from "../streams/reading/stream_atlas.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { type MadeAtlas, writeGroups } from "./written_groups.ts";

/** Any small atlas: row groups of odd sizes in several shards, few genes or more than 16 bits count. */
const anyAtlas = (): fc.Arbitrary<MadeAtlas> => {
  const size = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 200 }));
  return fc.record({
    seed: fc.nat(),
    shards: fc.array(fc.array(size, { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 3,
    }),
    genes: fc.constantFrom(1, 7, 300, 65_536, 65_537),
    expressed: fc.constantFrom(1, 5, 60),
    values: fc.constantFrom("counts", "log1p"),
    order: fc.constantFrom("as given", "shuffled"),
  });
};

/** Any request, as options and as what it leaves of each. */
const anyRequest = () =>
  fc.record({
    stored: fc.boolean(),
    seed: fc.nat(99),
    batch: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 300 })),
    block: fc.integer({ min: 1, max: 70 }),
    window: fc.integer({ min: 1, max: 150 }),
    from: fc.nat(300),
    labels: fc.constantFrom([], ["type"], ["site", "type"]),
    left: fc.constantFrom(undefined, 2, 5),
    share: fc.constantFrom(undefined, { rank: 0, of: 2 }, { rank: 2, of: 3 }),
    halfTheGenes: fc.boolean(),
    balance: fc.boolean(),
  });

type Request = ReturnType<typeof anyRequest> extends fc.Arbitrary<infer A> ? A : never;

function optionsOf({ seed, stored, left, halfTheGenes, ...rest }: Request, genes: number) {
  const { batch, block, window, from, labels, share } = rest;
  const balance = rest.balance && !stored ? { balance: "type" } : {};
  const symbols = Array.from({ length: genes }, (_, gene) => `G${gene}`);
  const options: StreamOptions = {
    order: stored ? "stored" : { seed, epoch: 2 },
    batch,
    block,
    window,
    from,
    labels,
    ...(share && { share }),
    ...(left !== undefined && { keep: (cell: number) => cell % left !== 0 }),
    ...(halfTheGenes && { genes: symbols.filter((_, gene) => gene % 2 === 0) }),
    ...balance,
  };
  return options;
}

/** The cells that options ask for, taken from all cells by the plan alone. */
function expected(all: CellBatch, options: StreamOptions): CellBatch {
  const { order, labels = [], from = 0, genes, batch: _, ...rest } = options;
  const key = order === "stored" || !order ? "stored" : derive(keyOf(order.seed), "epoch", 2);
  const plan = planRead(all.cells.length, { ...rest, order: key }, {
    block: rest.block!,
    window: rest.window!,
    codes: all.obs.type,
  });
  const rows: number[] = [];
  for (let index = 0; index < plan.windows; index++) {
    const { spans, picks } = plan.window(index);
    const cells = spans.flatMap(({ from, to }) =>
      Array.from({ length: to - from }, (_, i) => from + i)
    );
    for (const pick of picks) rows.push(cells[pick]);
  }
  const cells = selectCells(all, rows.slice(from));
  const obs = Object.fromEntries(labels.map((name) => [name, cells.obs[name]]));
  return { ...(genes ? evenGenes(cells) : cells), obs };
}

function evenGenes({ offsets, genes, values, ...rest }: CellBatch): CellBatch {
  const entries = [...genes.keys()].filter((e) => genes[e] % 2 === 0);
  const before = new Uint32Array(genes.length + 1);
  for (let e = 0; e < genes.length; e++) before[e + 1] = before[e] + (genes[e] % 2 === 0 ? 1 : 0);
  return {
    ...rest,
    offsets: offsets.map((offset) => before[offset]),
    genes: Uint32Array.from(entries, (e) => genes[e]),
    values: Float32Array.from(entries, (e) => values[e]),
  };
}

/** All leases as one batch, held against what leases have to be. */
async function readAll(place: string, options: StreamOptions): Promise<CellBatch> {
  const batches: CellBatch[] = [];
  for await (const lease of streamAtlas(place, options)) {
    ok((batches.at(-1)?.cells.length ?? options.batch) === options.batch, "a batch is short");
    const { release: _, ...cells } = lease;
    batches.push(sliceCells(cells, 0, cells.cells.length));
  }
  const labels = options.labels ?? [];
  return batches.length > 0 ? concatCells(batches) : {
    cells: new Uint32Array(0),
    offsets: new Uint32Array(1),
    genes: new Uint32Array(0),
    values: new Float32Array(0),
    obs: Object.fromEntries(labels.map((name) => [name, new Int32Array(0)])),
  };
}

/** Atlases without a cell of a type cannot be balanced by it. */
const hasTypes = ({ obs }: CellBatch, { keep }: StreamOptions) =>
  obs.type.some((code, cell) => code >= 0 && (keep?.(cell) ?? true));

for (const [workers, runs] of [[0, 40], [1, 4], [2, 5]] as const) {
  Deno.test(`streamAtlas() gives the cells of the plan, as they were written: ${workers} workers`, () =>
    fc.assert(
      fc.asyncProperty(anyAtlas(), anyRequest(), (made, request) =>
        withFolder(async (folder) => {
          const all = writeGroups(folder, made), options = optionsOf(request, made.genes);
          fc.pre(!options.balance || hasTypes(all, options));
          assertSame(await readAll(folder, { ...options, workers }), expected(all, options));
        })),
      { numRuns: runs },
    ));
}

Deno.test("streamAtlas() gives the same batches however many workers read, with however much memory", () =>
  withFolder(async (folder) => {
    writeGroups(folder, { seed: 5, shards: [[300, 7], [411]], genes: 400, expressed: 50 });
    const options = { batch: 37, window: 100, block: 10, labels: ["site"], from: 5 };
    const alone = await readAll(folder, { ...options, workers: 0 });
    for (const memory of ["100MB", "2GB"]) {
      assertSame(await readAll(folder, { ...options, workers: 3, memory }), alone);
    }
  }));

Deno.test("streamAtlas() reads cells of one category, and says what it does not know", () =>
  withFolder(async (folder) => {
    const all = writeGroups(folder, { seed: 2, shards: [[90, 33]], genes: 40, expressed: 9 });
    const found = await readAll(folder, { order: "stored", batch: 50, where: { type: "b" } });
    const rows = [...all.cells].filter((cell) => all.obs.type[cell] === 1);
    assertSame(found, { ...selectCells(all, rows), obs: {} });
    const refusal = async (options: StreamOptions, words: RegExp) => {
      await rejects(readAll(folder, options), (error: Error) => {
        ok(error instanceof InputError);
        match(error.message, words);
        return true;
      });
    };
    await refusal({ labels: ["tipe"] }, /column "tipe": did you mean "type"/);
    await refusal({ genes: ["G7", "H7"] }, /gene "H7": did you mean/);
    await refusal({ where: { type: "z" } }, /category "z"/);
    await refusal({ memory: "a lot" }, /memory "a lot"/);
    await rejects(readAll(join(folder, "nothing"), {}), /no such file or folder/);
  }));

Deno.test("streamAtlas() refuses numbers that say nothing", () =>
  withFolder(async (folder) => {
    writeGroups(folder, { seed: 2, shards: [[90, 33]], genes: 40, expressed: 9 });
    const why = (options: StreamOptions) =>
      readAll(folder, options).then(() => "nothing", ({ message }: Error) => message);
    for (const from of [-1, 1.5, NaN]) {
      equal(await why({ from }), `Cannot read from cell ${from} on: the first one is 0`);
    }
    for (const workers of [-1, 1.5, NaN]) {
      match(
        await why({ workers }),
        /^Cannot read with \S+ workers: the number must be 0, 1, 2, …$/,
      );
    }
    match(await why({ memory: NaN }), /^Cannot read with NaN bytes of memory: /);
  }));

Deno.test("streamAtlas() ends with the reason of its signal, also before anything is open", () =>
  withFolder(async (folder) => {
    writeGroups(folder, { seed: 2, shards: [[90]], genes: 40, expressed: 9 });
    const reason = new Error("enough"), ending = new AbortController();
    const reading = readAll(folder, { signal: ending.signal });
    ending.abort(reason);
    await rejects(reading, reason);
    await rejects(readAll(folder, { signal: ending.signal }), reason);
  }));

Deno.test("streamAtlas() notices a shard that was replaced since it was opened, and names it", () =>
  withFolder(async (folder) => {
    writeGroups(folder, { seed: 2, shards: [[40], [30]], genes: 40, expressed: 9 });
    const options = { order: "stored", batch: 10, window: 10, workers: 0 } as const;
    const shard = join(folder, "cells-1.parquet"), bytes = readFileSync(shard);
    const reading = (async () => {
      for await (const { cells } of streamAtlas(folder, options)) {
        if (cells[0] !== 10) continue;
        // The same bytes in another file: nobody can know that they are the same.
        writeFileSync(`${shard}.new`, bytes);
        renameSync(`${shard}.new`, shard);
      }
    })();
    await rejects(reading, (error: Error) => {
      ok(error instanceof InputError);
      match(error.message, /atlas shard "cells-1\.parquet".*changed/);
      return true;
    });
  }));

/** Serves the files of a folder, parts of them where parts are asked for. */
function serveFolder(folder: string) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const path = join(folder, new URL(request.url).pathname);
    if (!existsSync(path)) return new Response(null, { status: 404 });
    const bytes = readFileSync(path), { length } = bytes;
    const [, first, last] = /bytes=(\d*)-(\d*)/.exec(request.headers.get("range") ?? "") ?? [];
    if (first === undefined) return new Response(bytes, { headers: { etag: '"1"' } });
    const from = first === "" ? Math.max(0, length - Number(last)) : Number(first);
    const to = first === "" || last === "" ? length : Math.min(length, Number(last) + 1);
    const range = `bytes ${from}-${to - 1}/${length}`;
    const headers = { etag: '"1"', "content-range": range };
    return new Response(bytes.subarray(from, to), { status: 206, headers });
  });
  return { address: `http://127.0.0.1:${server.addr.port}`, close: () => server.shutdown() };
}

Deno.test("streamAtlas() reads at an address what it reads in a folder", () =>
  withFolder(async (folder) => {
    writeGroups(folder, { seed: 6, shards: [[300, 20], [60]], genes: 50, expressed: 20 });
    const { address, close } = serveFolder(folder);
    try {
      const options = { batch: 64, block: 16, window: 128, labels: ["type"] };
      const here = await readAll(folder, options);
      for (const workers of [0, 1]) {
        assertSame(await readAll(address, { ...options, workers }), here);
      }
      await rejects(readAll(`${address}/nothing`, options), InputError);
    } finally {
      await close();
    }
  }));

Deno.test("mergeRanges() reads every range once, and neighbours together", () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ shard: fc.nat(2), from: fc.nat(1e6), size: fc.integer({ min: 1, max: 9e4 }) }),
        { maxLength: 20 },
      ),
      (wanted) => {
        const ranges = wanted.map(({ shard, from, size }) => ({ shard, from, to: from + size }));
        const { reads, bytes, places } = mergeRanges(ranges);
        let end = 0;
        reads.forEach(({ shard, from, to, at }, i) => {
          equal(at, end);
          end += to - from;
          const next = reads[i + 1];
          ok(!next || next.shard > shard || next.from > to + 65_536, "neighbours are apart");
        });
        equal(bytes, end);
        ranges.forEach(({ shard, from, to }, i) => {
          const read = reads.find((read) =>
            read.shard === shard && read.from <= from && read.to >= to
          )!;
          equal(places[i], read.at + from - read.from);
        });
      },
    ),
  ));

Deno.test("sortSpans() keeps the cells and their order", () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 8 }),
      fc.nat(),
      (gaps, seed) => {
        let end = 0;
        const spans = gaps.map(([gap, size]) => {
          const from = end + gap;
          return { from, to: end = from + size };
        });
        spans.sort((a, b) => (a.from * seed) % 7 - (b.from * seed) % 7);
        const cellsOf = (of: typeof spans) =>
          of.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
        const before = cellsOf(spans);
        const picks = Uint32Array.from(before, (_, i) => (i * 7 + seed) % before.length);
        const sorted = sortSpans({ spans, picks });
        const after = cellsOf([...sorted.spans]);
        assertSame(Array.from(sorted.picks, (p) => after[p]), Array.from(picks, (p) => before[p]));
        sorted.spans.forEach(({ from }, i) => ok(i === 0 || from > sorted.spans[i - 1].to));
      },
    ),
  ));
