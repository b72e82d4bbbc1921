import assert from "node:assert/strict";
import { Effect, Exit, Scope } from "effect";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../core/errors.ts";
import { keyOf } from "../core/random.ts";
import { type Atlas, type AtlasOptions, openAtlas } from "../streams/atlas/open_atlas.ts";
import { verifyAtlas } from "../streams/atlas/verify_atlas.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { streamAtlas } from "../streams/reading/stream_atlas.ts";
import { synthesise } from "../streams/reading/synthesise.ts";
import { assertSame } from "./first_difference.ts";
import { type Script, type Server, type Trouble, withServer } from "./http_server.ts";
import { readAll } from "./laws/source_laws.ts";
import { folderOfTests } from "./atlas_folder.ts";

const CELLS = 6000, BLOCK = 64, WINDOW = 512;
const SHAPE = { genes: 300, cellTypes: 4, dataSets: 2, modules: 5, depth: 400, seed: 3 };
const made = synthesise({ ...SHAPE, cells: CELLS });

/** Requests that a window of these cells makes at once, at least. */
const AT_ONCE = 2;

/** Cells in an order of their own, as an atlas of two shards, for all tests of this file. */
const folder = folderOfTests();
await Effect.runPromise(writeAtlas(join(folder, "atlas"), {
  ...made,
  numbers: [],
  provenance: "made up",
  batches: made.batches(),
  shardBytes: 600_000,
}));
const files = readdirSync(join(folder, "atlas"));
const shards = files.filter((name) => name.endsWith(".parquet"));
const columns = made.columns.map(({ name }) => name);
const shuffled = { batch: 128, order: keyOf(5), window: WINDOW, columns } as const;

/** Runs `use` with the atlas at an address. */
const serving = (script: Script, use: (place: string, server: Server) => Promise<void>) =>
  withServer(script, async (server) => {
    for (const name of files) {
      const bytes = readFileSync(join(folder, "atlas", name));
      server.files.set(`/atlas/${name}`, { bytes, headers: { ETag: `"${name}"` } });
    }
    await use(`${server.address}/atlas`, server);
  });

const fine: Script = () => undefined;
const withAtlas = (
  place: string,
  options: AtlasOptions,
  use: (atlas: Atlas) => Promise<void>,
): Promise<void> =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(
      openAtlas(place, options),
      (atlas) => Effect.promise(() => use(atlas)),
    )),
  );

for (const workers of [0, 1]) {
  Deno.test(`openAtlas() reads the same batches from an address as from a folder, ${workers} workers`, () =>
    serving(fine, async (place) => {
      for (const request of [{ ...shuffled, order: "stored" }, shuffled] as const) {
        await withAtlas(place, { workers }, async (atlas) => {
          const remote = await readAll(atlas, request);
          await withAtlas(join(folder, "atlas"), { workers: 0 }, async (local) => {
            assertSame(remote, await readAll(local, request));
            assert.equal(remote.cells.length, CELLS);
            assert.equal(atlas.fingerprint, local.fingerprint);
          });
        });
      }
    }));
}

Deno.test("openAtlas() makes one request a file, and reading fewer than there are blocks", () =>
  serving(fine, async (place, { asked }) => {
    await withAtlas(place, { workers: 0 }, async (atlas) => {
      assert.equal(shards.length, 2);
      assert.equal(asked.length, 2 + shards.length);
      const taken = async (request: Parameters<typeof readAll>[1]) => {
        const before = asked.length;
        await readAll(atlas, request);
        return asked.length - before;
      };
      // A footer a shard, and what a window reads of a shard in one piece.
      const windows = Math.ceil(CELLS / 4096);
      const stored = await taken({ batch: 128, order: "stored" });
      assert.ok(stored <= shards.length + 2 * windows, `${stored} requests`);
      const random = await taken({ ...shuffled, columns: [] });
      assert.ok(random < CELLS / BLOCK, `${random} requests`);
    });
  }));

Deno.test("reading asks for what a window needs at once, so that an answer is not waited for in vain", () => {
  let opened = false, held = 0, release = () => {};
  const all = new Promise<void>((go) => release = go);
  // Where the requests come one by one, the last does not come before the first is answered.
  const late = setTimeout(() => release(), 60_000);
  const script: Script = async ({ range }) => {
    if (!opened || range.startsWith("bytes=-") || held >= AT_ONCE) return undefined;
    if (++held === AT_ONCE) release();
    await all;
    return undefined;
  };
  return serving(script, (place, { most }) =>
    withAtlas(place, { workers: 0 }, async (atlas) => {
      opened = true;
      for await (const { cells } of atlas.read({ ...shuffled, columns: [] })) {
        assert.equal(cells.length, 128);
        break;
      }
      assert.ok(most() >= AT_ONCE, `${most()} at once`);
    })).finally(() => clearTimeout(late));
});

Deno.test("reading survives what passes", () => {
  const troubles: Trouble[] = [
    { status: 503 },
    "cut in the middle",
    "less",
    "more",
    "another part",
    "no answer",
  ];
  const met = new Set<string>();
  let requests = 0, faults = 0;
  // No part meets trouble twice: a part that is resumed ends where it did.
  const script: Script = ({ path, range }) => {
    const part = `${path} ${range.replace(/\d+-/, "-")}`;
    if (requests++ % 3 !== 2 || met.has(part)) return undefined;
    met.add(part);
    return troubles[faults++ % troubles.length];
  };
  return serving(script, (place) =>
    withAtlas(place, { workers: 0 }, async (atlas) => {
      const remote = await readAll(atlas, shuffled);
      assert.ok(faults >= troubles.length, `${faults} faults`);
      await withAtlas(join(folder, "atlas"), { workers: 0 }, async (local) => {
        assertSame(remote, await readAll(local, shuffled));
      });
    }));
});

/** Reads until it fails, and gives the sentence. */
async function sentenceOf(reading: Promise<unknown>): Promise<string> {
  const error = await reading.then(() => undefined, (cause) => cause);
  assert.ok(error instanceof InputError, `${error}`);
  assert.match(error.message, /^[^\n]*[^.\n]$/);
  return error.message;
}

/** Runs `use` with an atlas whose second shard is another as soon as more than its end is asked for. */
function replacing(use: (place: string) => Promise<void>): Promise<void> {
  const path = `/atlas/${shards[1]}`;
  let served: Server["files"] | undefined;
  const script: Script = (asked) => {
    const shard = served?.get(path);
    if (shard && asked.path === path && !asked.range.startsWith("bytes=-")) {
      served!.set(path, { bytes: shard.bytes, headers: { ETag: '"other"' } });
    }
    return undefined;
  };
  return serving(script, (place, { files }) => {
    served = files;
    return use(place);
  });
}

for (const workers of [0, 1]) {
  Deno.test(`reading names the shard that is replaced meanwhile, ${workers} workers`, () =>
    replacing((place) =>
      withAtlas(place, { workers }, async (atlas) => {
        const sentence = await sentenceOf(readAll(atlas, { batch: 128, order: "stored" }));
        assert.match(
          sentence,
          /^Cannot read atlas shard "cells-00001\.parquet".*: it changed while /,
        );
      })
    ));
}

Deno.test("verifyAtlas() names the shard that is replaced meanwhile", () =>
  replacing(async (place) => {
    const sentence = await sentenceOf(Effect.runPromise(verifyAtlas(place)));
    assert.match(sentence, /^Cannot verify atlas shard "cells-00001\.parquet": it changed while /);
  }));

Deno.test("reading names the address that is gone", () =>
  serving(fine, (place, { files }) =>
    withAtlas(place, { workers: 0 }, async (atlas) => {
      files.delete(`/atlas/${shards[1]}`);
      const sentence = await sentenceOf(readAll(atlas, { batch: 128, order: "stored" }));
      assert.match(sentence, /cells-00001\.parquet.*: there is no such file \(404\)/);
    })));

Deno.test("openAtlas() says in a sentence what is not at an address", () =>
  serving(fine, async (place, { files }) => {
    const opening = () => sentenceOf(withAtlas(place, {}, () => Promise.resolve()));
    files.delete(`/atlas/${shards[0]}`);
    assert.match(await opening(), /cells-00000\.parquet.*: there is no such file \(404\)/);
    files.delete("/atlas/atlas.json");
    assert.match(await opening(), /\/atlas\/atlas\.json": there is no such file \(404\)/);
  }));

Deno.test("closing an atlas ends the requests of its readers", () => {
  let silent = false, arrived = () => {};
  const asked = new Promise<void>((go) => arrived = go);
  const script: Script = ({ range }) => {
    if (!silent || range.startsWith("bytes=-")) return undefined;
    arrived();
    return "silent in the middle";
  };
  return serving(script, async (place, { quiet }) => {
    const scope = await Effect.runPromise(Scope.make());
    const atlas = await Effect.runPromise(Scope.provide(openAtlas(place, { workers: 0 }), scope));
    silent = true;
    const ended = assert.rejects(readAll(atlas, shuffled));
    await asked;
    await Effect.runPromise(Scope.close(scope, Exit.void));
    await ended;
    await quiet();
  });
});

Deno.test("streamAtlas() streams from an address, and a signal ends it and its requests", () => {
  let silent = false;
  const controller = new AbortController(), reason = new Error("enough");
  const script: Script = ({ range }) => {
    if (!silent || range.startsWith("bytes=-")) return undefined;
    controller.abort(reason);
    return "silent in the middle";
  };
  return serving(script, async (place, { quiet }) => {
    let cells = 0;
    for await (const batch of streamAtlas(place, { order: { seed: 1 } })) {
      cells += batch.cells.length;
    }
    assert.equal(cells, CELLS);
    silent = true;
    await assert.rejects(async () => {
      for await (const batch of streamAtlas(place, { signal: controller.signal })) {
        cells += batch.cells.length;
      }
    }, reason);
    assert.equal(cells, CELLS);
    await quiet();
  });
});
