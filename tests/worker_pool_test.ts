import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import fc from "fast-check";
import type { CellBatch } from "../core/batch.ts";
import { keyOf } from "../core/random.ts";
import type { ReadRequest } from "../core/source.ts";
import { type Atlas, lookAtAtlas, openAtlas } from "../streams/atlas/open_atlas.ts";
import { beginReading } from "../streams/atlas/read_atlas.ts";
import { sliceCells } from "../streams/reading/pool/cut_batches.ts";
import { lend } from "../streams/reading/pool/leases.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { soon } from "./soon.ts";
import { type WatchedPool, watchedPool } from "./watched_pool.ts";
import { type MadeAtlas, writeGroups } from "./written_groups.ts";

const MADE = { seed: 7, shards: [[100, 60], [80, 90, 50]], genes: 500, expressed: 60 };
const CELLS = 380;
/** Some megabytes in memory. */
const DENSE = { seed: 1, shards: [[3000]], genes: 5000, expressed: 1000 };
const STORED: ReadRequest = { batch: 20, order: "stored", window: 40 };
/** Longer than any test. */
const SPELL = 3_600_000;

/** Reads with workers of the pool up to `leave` batches; the numbers of the cells that came. */
async function read(
  folder: string,
  pool: WatchedPool,
  { request = STORED, workers = 2, memory = 5e8, leave = Infinity } = {},
): Promise<number[]> {
  const atlas = await Effect.runPromise(lookAtAtlas(folder)), cells: number[] = [];
  const means = { workers, memory, onDamage: "fail", onDamages: () => {}, pool } as const;
  let batches = 0;
  for await (const lease of lend(() => beginReading(atlas, request, means), request)) {
    cells.push(...lease.cells);
    if (++batches === leave) break;
  }
  return cells;
}
const inOrder = Array.from({ length: CELLS }, (_, cell) => cell);

/** A folder with an atlas, and a pool that is closed afterwards. */
function withPool(
  use: (folder: string, pool: WatchedPool) => Promise<void>,
  { module, made = MADE }: { readonly module?: URL; readonly made?: MadeAtlas } = {},
): Promise<void> {
  return withFolder(async (folder) => {
    writeGroups(folder, made);
    const pool = watchedPool({ spell: SPELL, ...(module && { module }) });
    try {
      await use(folder, pool);
    } finally {
      await pool.close();
    }
  });
}
const ours = (file: string) => new URL(file, import.meta.url);

const allEnded = (pool: WatchedPool) => soon(Promise.all(pool.taken.map(pool.ended)));

Deno.test("workerPool() lends a pass the workers of the last one, whatever it asks for", () =>
  withPool(async (folder, pool) => {
    deepEqual(await read(folder, pool), inOrder);
    const genes = Uint8Array.from({ length: MADE.genes }, (_, gene) => gene % 2);
    const others: ReadRequest[] = [
      STORED,
      { batch: 33, order: keyOf(5), window: 90, block: 8, columns: ["site"], genes },
      { batch: 400, order: keyOf(6) },
    ];
    for (const request of others) {
      const cells = await read(folder, pool, { request });
      deepEqual(cells.sort((a, b) => a - b), inOrder);
    }
    equal(pool.taken.length, 8);
    equal(new Set(pool.taken).size, 2);
  }));

Deno.test("workerPool() ends the workers of a pass that is left, and the next has others", () =>
  withPool(async (folder, pool) => {
    deepEqual(await read(folder, pool, { leave: 3 }), inOrder.slice(0, 60));
    await allEnded(pool);
    deepEqual(await read(folder, pool), inOrder);
    equal(new Set(pool.taken).size, 4);
  }));

Deno.test("workerPool() ends the workers of a pass that fails", () =>
  withPool(async (folder, pool) => {
    const path = join(folder, "cells-1.parquet"), clean = readFileSync(path);
    const damaged = Uint8Array.from(clean);
    damaged[Math.floor(damaged.length * 0.3)] ^= 0x10;
    // Written in place: it is the file that was looked at.
    writeFileSync(path, damaged);
    await rejects(read(folder, pool), /cells-1\.parquet/);
    await allEnded(pool);
    writeFileSync(path, clean);
    deepEqual(await read(folder, pool), inOrder);
    equal(new Set(pool.taken).size, 4);
  }));

Deno.test("workerPool() replaces a worker that dies", () =>
  withPool(async (folder, pool) => {
    // A worker dies of the second window that it is told to read: of the second pass, where it stays.
    const once = { request: { batch: 50, order: keyOf(3), window: 400 } as const, workers: 1 };
    equal((await read(folder, pool, once)).length, CELLS);
    await rejects(read(folder, pool, once), /its decode worker died: it ended/);
    equal((await read(folder, pool, once)).length, CELLS);
    const [first, second, third] = pool.taken;
    equal(first, second);
    notEqual(second, third);
  }, { module: ours("dying_worker.ts?how=exit") }));

Deno.test("workerPool() forgets a worker that dies while it waits", () =>
  withPool(async (folder, pool) => {
    for (let pass = 0; pass < 2; pass++) {
      deepEqual(await read(folder, pool), inOrder);
      await allEnded(pool);
    }
    equal(new Set(pool.taken).size, 4);
  }, { module: ours("dying_worker.ts?how=rest") }));

Deno.test("a worker that waits has given its memory back", () =>
  withPool(async (folder, pool) => {
    await read(folder, pool, { workers: 1, request: { batch: 1000, order: keyOf(1) } });
    const [{ before, after }] = await soon(once(pool.taken[0], "message"));
    ok(before > 2 * after, `${before} bytes in work, ${after} at rest`);
  }, { module: ours("resting_worker.ts"), made: DENSE }));

Deno.test("workerPool() ends who waits beside a pass that memory allows fewer workers", () =>
  withPool(async (folder, pool) => {
    deepEqual(await read(folder, pool), inOrder);
    const [stays, goes] = pool.taken;
    deepEqual(await read(folder, pool, { memory: 120e6 }), inOrder);
    await soon(pool.ended(goes));
    equal(pool.taken.length, 3);
    equal(pool.taken[2], stays);
    await pool.close();
    await soon(pool.ended(stays));
  }));

Deno.test("workerPool() ends who has waited long, and who comes back to a closed pool", async () => {
  const brief = watchedPool({ spell: 1 });
  const worker = brief.take();
  await brief.giveBack(worker);
  await soon(brief.ended(worker));
  await brief.close();
  const closed = watchedPool(), late = closed.take();
  await closed.close();
  await closed.giveBack(late);
  await soon(closed.ended(late));
});

/** A pass among others: what it asks for, and after how many batches it is left, if it is. */
const anyPass = () =>
  fc.record({
    request: fc.record({
      batch: fc.integer({ min: 5, max: 90 }),
      order: fc.oneof(fc.constant("stored" as const), fc.nat(99).map(keyOf)),
      window: fc.integer({ min: 30, max: 200 }),
      block: fc.integer({ min: 1, max: 40 }),
      from: fc.nat(CELLS),
      columns: fc.constantFrom([], ["type"], ["site", "type"]),
      genes: fc.constantFrom(2, 3).map((every) =>
        Uint8Array.from({ length: MADE.genes }, (_, gene) => gene % every === 0 ? 1 : 0)
      ),
    }),
    leave: fc.oneof(
      { weight: 3, arbitrary: fc.constant(Infinity) },
      fc.integer({ max: 6, min: 1 }),
    ),
    lent: fc.boolean(),
  });
type Pass = ReturnType<typeof anyPass> extends fc.Arbitrary<infer A> ? A : never;

/** The batches of a pass, as they come. */
function begun(atlas: Atlas, { request, leave, lent }: Pass) {
  const batches: CellBatch[] = [];
  const iterator = (lent ? atlas.lend(request) : atlas.read(request))[Symbol.asyncIterator]();
  let over = false;
  return {
    batches,
    isOver: () => over,
    async next() {
      const { value, done } = await iterator.next();
      if (!done) batches.push(sliceCells(value, 0, value.cells.length));
      over = done === true || batches.length === leave;
      if (over) await iterator.return?.();
    },
  };
}

Deno.test("openAtlas() gives the cells of every pass, whichever workers it has and whatever runs beside it", () =>
  withFolder(async (folder) => {
    writeGroups(folder, MADE);
    const passes = fc.array(anyPass(), { minLength: 1, maxLength: 5 });
    const program = Effect.gen(function* () {
      const alone = yield* openAtlas(folder, { workers: 0 });
      const atlas = yield* openAtlas(folder, { workers: 2 });
      const law = fc.asyncProperty(passes, fc.array(fc.nat(4)), async (passes, turns) => {
        const running = passes.map((pass) => begun(atlas, pass));
        for (const turn of turns) {
          const pass = running[turn % running.length];
          if (!pass.isOver()) await pass.next();
        }
        await Promise.all(running.map(async (pass) => {
          while (!pass.isOver()) await pass.next();
        }));
        for (const [i, pass] of passes.entries()) {
          const same = begun(alone, pass);
          while (!same.isOver()) await same.next();
          assertSame(running[i].batches, same.batches);
        }
      });
      yield* Effect.promise(() => fc.assert(law, { numRuns: 8 }));
    });
    await Effect.runPromise(Effect.scoped(program));
  }));

Deno.test({
  name: "workers stay until their atlas is closed, and keep no process alive",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      writeGroups(folder, MADE);
      const program = join(import.meta.dirname!, "staying_workers.ts");
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "--allow-all", program, folder],
      }).output();
      equal(new TextDecoder().decode(stderr), "");
      equal(code, 0);
      deepEqual(new TextDecoder().decode(stdout).trim().split("\n"), [
        "a pass: 380 cells, 2 workers",
        "another: 380 cells, 2 workers",
        "they are the same",
        "between passes: 0 files",
        "two at once: 380 and 380 cells, 4 workers",
        "a pass that is left: 2 workers, 0 files",
        "two at work and two that wait: 4 workers",
        "closed: 0 workers, 0 files",
        "end: 4 workers",
      ]);
    }),
});
