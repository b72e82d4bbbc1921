import { equal, match, ok, rejects, throws } from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { Effect } from "effect";
import { type CellBatch, concatCells, selectCells } from "../core/batch.ts";
import { InputError } from "../core/errors.ts";
import { lookAtAtlas, openAtlas } from "../streams/atlas/open_atlas.ts";
import { beginReading } from "../streams/atlas/read_atlas.ts";
import { type CrewOptions, crewParts } from "../streams/reading/pool/crew.ts";
import { sliceCells } from "../streams/reading/pool/cut_batches.ts";
import { lend } from "../streams/reading/pool/leases.ts";
import { type PoolOptions, workerPool } from "../streams/reading/pool/worker_pool.ts";
import type { ReadPlan } from "../streams/reading/read_plan.ts";
import { makeNote, NOTE, type ReaderSettings } from "../streams/reading/staging/reader_settings.ts";
import { windowReader } from "../streams/reading/staging/window_reader.ts";
import { streamAtlas } from "../streams/reading/stream_atlas.ts";
import { withFolder } from "./atlas_folder.ts";
import { readLeft } from "./damaged_groups.ts";
import { assertSame } from "./first_difference.ts";
import { soon } from "./soon.ts";
import { writeGroups } from "./written_groups.ts";

const MADE = { seed: 11, shards: [[100, 60], [80, 90, 50]], genes: 500, expressed: 60 };

/** How many cells an atlas has, read window by window; with workers that a test is free to choose. */
async function readBy(
  folder: string,
  { patience, ...options }: PoolOptions & Pick<CrewOptions, "patience">,
  workers = 2,
) {
  const atlas = await Effect.runPromise(lookAtAtlas(folder)), pool = workerPool(options);
  const more = { memory: 5e8, onDamage: "fail", onDamages: () => {}, pool, patience } as const;
  const request = { batch: 20, order: "stored", window: 40 } as const;
  let cells = 0;
  try {
    const begin = () => beginReading(atlas, request, { workers, ...more });
    for await (const lease of lend(begin, request)) {
      for (const cell of lease.cells) equal(cell, cells++);
    }
  } finally {
    await pool.close();
  }
  return cells;
}
const dying = (how: string) => new URL(`./dying_worker.ts?how=${how}`, import.meta.url);

const ENDS: Readonly<Record<string, RegExp>> = {
  exit: /its decode worker died: it ended/,
  close: /its decode worker died: it ended/,
  throw: /its decode worker died: .*struck by lightning/,
  reject: /its decode worker died: .*struck by lightning/,
  memory: /its decode worker died: .*allocation failed/,
};
for (const [how, words] of Object.entries(ENDS)) {
  Deno.test(`streamAtlas() ends with one sentence when a worker dies: ${how}`, () =>
    withFolder(async (folder) => {
      writeGroups(folder, MADE);
      const crew = { module: dying(how), patience: 60_000 };
      await rejects(readBy(folder, crew), (error: Error) => {
        ok(error instanceof InputError);
        match(error.message, words);
        match(error.message, /^Cannot read [^\n]+[^.\n]$/);
        return true;
      });
    }));
}

Deno.test("streamAtlas() ends when a worker says nothing any more", () =>
  withFolder(async (folder) => {
    writeGroups(folder, MADE);
    const reading = readBy(folder, { module: dying("hang"), patience: 1500 }, 1);
    await rejects(reading, (error: Error) => {
      match(error.message, /no sign of life/);
      return true;
    });
    equal(await readBy(folder, { module: dying("nothing") }), 380);
  }));

for (const workers of [0, 1, 3]) {
  Deno.test(`every window comes, once and in its turn: ${workers} workers`, () =>
    withFolder(async (folder) => {
      writeGroups(folder, MADE);
      equal(await readBy(folder, { patience: 60_000 }, workers), 380);
    }));
}

/** Settings that leave `batches` bytes for batches of 20 cells. */
async function settingsFor(folder: string, batches: number): Promise<ReaderSettings> {
  const { known: { shards }, layout } = await Effect.runPromise(lookAtAtlas(folder));
  const memory = { entries: 40_000, window: 5e8, batches, slow: 0 };
  return { shards, layout, columns: [], short: true, onDamage: "fail", batch: 20, memory };
}

Deno.test("windowReader() hands over what it holds before it waits for memory", () =>
  withFolder(async (folder) => {
    writeGroups(folder, MADE);
    const picks = Uint32Array.from({ length: 380 }, (_, cell) => 379 - cell);
    const task = { window: { spans: [{ from: 0, to: 380 }], picks }, first: 5 };
    // Room for one batch at a time, for a few, for all of them.
    for (const batches of [15_000, 60_000, 1e6]) {
      const note = makeNote(new ArrayBuffer(4 * NOTE.length));
      const reader = windowReader(await settingsFor(folder, batches), { note, together: Infinity });
      const parts = reader.read(task), sizes: number[] = [];
      let messages = 0;
      for (;;) {
        const { done, value } = await soon(parts.next());
        if (done) break;
        messages++;
        for (const { buffer, shape } of value) {
          sizes.push(shape.cells);
          reader.giveBack(buffer);
        }
      }
      await reader.close();
      equal(String(sizes), String([5, ...Array(18).fill(20), 15]));
      equal(messages === 1, batches === 1e6, `${messages} messages in ${batches} bytes`);
    }
  }));

Deno.test("crewParts() gives memory back that workers wait for, however little there is", () =>
  withFolder(async (folder) => {
    writeGroups(folder, MADE);
    const plan: ReadPlan = {
      windows: 4,
      most: 95,
      window: (index) => ({
        spans: [{ from: 95 * index, to: 95 * index + 95 }],
        picks: Uint32Array.from({ length: 95 }, (_, pick) => pick),
      }),
      before: (index) => 95 * index,
    };
    const pool = workerPool();
    pool.prepare();
    for (const batches of [15_000, 70_000, 1e6]) {
      const parts = crewParts({
        settings: await settingsFor(folder, batches),
        plan,
        start: { window: 0, skip: 7 },
        onDamages: () => {},
        failure: ({ message }) => new Error(message),
      }, { workers: 2, pool });
      let cells = 7;
      try {
        for (let part = await soon(parts.next()); part; part = await soon(parts.next())) {
          for (const cell of part.cells.cells) equal(cell, cells++);
          part.release();
          part.release();
          equal(part.cells.cells.length, 0);
        }
      } finally {
        await parts.close();
      }
      equal(cells, 380);
    }
    await pool.close();
  }));

Deno.test("crewParts() leaves no worker behind when its plan fails", () =>
  withFolder(async (folder) => {
    writeGroups(folder, MADE);
    const settings = await settingsFor(folder, 1e6), { take, ...rest } = workerPool();
    const ends: Promise<unknown>[] = [];
    function takeWatched(): Worker {
      const worker = take();
      ends.push(once(worker, "exit"));
      return worker;
    }
    const pool = { ...rest, take: takeWatched };
    const window = (): never => {
      throw new RangeError("no such window");
    };
    const plan: ReadPlan = { windows: 4, most: 95, window, before: (index) => 95 * index };
    const reading = {
      settings,
      plan,
      start: { window: 0, skip: 0 },
      onDamages: () => {},
      failure: ({ message }: { readonly message: string }) => new Error(message),
    };
    throws(() => crewParts(reading, { workers: 2, pool }), /no such window/);
    equal(ends.length, 1);
    await soon(ends[0]);
  }));

/** Flips a byte in the middle of the pages of a row group of the second shard: its checksum is wrong then. */
function damage(folder: string): void {
  const path = join(folder, "cells-1.parquet"), bytes = readFileSync(path);
  const clean = join(folder, "clean");
  writeFileSync(clean, bytes);
  bytes[Math.floor(bytes.length * 0.3)] ^= 0x10;
  writeFileSync(path, bytes);
}

for (const workers of [0, 2]) {
  Deno.test(`streamAtlas() names shard and row group of a damaged page: ${workers} workers`, () =>
    withFolder(async (folder) => {
      writeGroups(folder, MADE);
      damage(folder);
      const reading = Array.fromAsync(streamAtlas(folder, { workers, order: "stored" }));
      await rejects(reading, (error: Error) => {
        ok(error instanceof InputError);
        match(error.message, /^Cannot read atlas shard "cells-1\.parquet", row group \d: /);
        return true;
      });
    }));

  Deno.test(`streamAtlas() leaves damaged cells out when asked to, and counts them: ${workers} workers`, () =>
    withFolder(async (folder) => {
      const all = writeGroups(folder, MADE);
      damage(folder);
      for (const order of ["stored", { seed: 4 }] as const) {
        const options = { order, window: 100, block: 16, batch: 30, workers } as const;
        const stream = streamAtlas(folder, { ...options, onDamage: "skip", labels: ["type"] });
        const batches: CellBatch[] = [];
        for await (const lease of stream) batches.push(sliceCells(lease, 0, lease.cells.length));
        const read = concatCells(batches), { cells, notes } = stream.skipped();
        equal(batches.length, Math.ceil(380 / 30));
        ok(cells > 0 && cells < 220, `${cells} cells are left out`);
        equal(read.cells.length + cells, 380);
        const { type } = selectCells(all, read.cells).obs;
        assertSame(read, { ...selectCells(all, read.cells), obs: { type } });
        ok(notes.length > 0 && notes.every((note) => /"cells-1.parquet", row group/.test(note)));
      }
    }));
}

Deno.test("openAtlas() reads by workers what it reads alone, and skips what is damaged", () =>
  withFolder(async (folder) => {
    const all = writeGroups(folder, MADE);
    const read = (options: Parameters<typeof openAtlas>[1]) =>
      Effect.runPromise(
        Effect.scoped(Effect.flatMap(openAtlas(folder, options), (atlas) =>
          Effect.promise(async () => {
            const cells = await readLeft(atlas, { batch: 33, order: "stored" });
            return { cells, skipped: atlas.skipped().cells };
          }))),
      );
    assertSame(await read({ workers: 2 }), { cells: all, skipped: 0 });
    assertSame((await read({})).cells, all);
    damage(folder);
    const { cells, skipped } = await read({ workers: 1, onDamage: "skip" });
    equal(cells.cells.length + skipped, 380);
    ok(skipped > 0);
  }));
