import { equal, match, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import { delay, lastValueFrom, of, take, throwError } from "rxjs";
import type { CellBatch } from "../core/batch.ts";
import { type Lease, lend } from "../streams/reading/pool/leases.ts";
import type { LentPart, Parts } from "../streams/reading/pool/parts.ts";
import { lending } from "../streams/reading/staging/lending.ts";
import { streamAtlas } from "../streams/reading/stream_atlas.ts";
import { withFolder } from "./atlas_folder.ts";
import fc from "fast-check";
import { writeGroups } from "./written_groups.ts";

const MADE = { seed: 3, shards: [[200, 150], [90]], genes: 300, expressed: 40 };
const OPTIONS = { batch: 25, window: 100, block: 20, labels: ["type"] };

/** Parts of these sizes that count what becomes of them: real arrays, without an atlas behind them. */
function countedParts(sizes: readonly number[], failAt = Infinity) {
  const seen = { out: 0, most: 0, released: 0, given: 0, closed: 0 };
  let cell = 0;
  const parts: Parts = {
    next() {
      if (seen.given === failAt) return Promise.reject(new RangeError("a bad page"));
      if (seen.given === sizes.length) return Promise.resolve(undefined);
      const size = sizes[seen.given++], cells = cellsFrom(cell, size);
      cell += size;
      seen.most = Math.max(seen.most, ++seen.out);
      let isOut = true;
      const part: LentPart = {
        cells,
        release() {
          if (!isOut) return;
          isOut = false;
          seen.out--;
          seen.released++;
          // What is given back is written to at once: whoever looks at it sees that it is gone.
          cells.cells.fill(0xDEAD);
        },
      };
      return Promise.resolve(part);
    },
    close() {
      seen.closed++;
      return Promise.resolve();
    },
  };
  return { open: () => Promise.resolve(parts), seen };
}

function cellsFrom(first: number, size: number): CellBatch {
  return {
    cells: Uint32Array.from({ length: size }, (_, i) => first + i),
    offsets: Uint32Array.from({ length: size + 1 }, (_, i) => 2 * i),
    genes: new Uint32Array(2 * size),
    values: Float32Array.from({ length: 2 * size }, (_, e) => 2 * first + e),
    obs: {},
  };
}

Deno.test("lend() gives every part back, once, and at most one lease is out, however it ends", () =>
  fc.assert(
    fc.asyncProperty(
      // Parts that are batches as they are, and others.
      fc.array(fc.oneof(fc.constant(4), fc.integer({ min: 1, max: 9 })), { maxLength: 12 }),
      fc.oneof(fc.constant(4), fc.integer({ min: 1, max: 9 })),
      fc.nat(14),
      fc.constantFrom("break", "throw", "fail", "abort", "never"),
      fc.boolean(),
      async (sizes, batch, at, how, releases) => {
        const { open, seen } = countedParts(sizes, how === "fail" ? at : Infinity);
        const ending = new AbortController(), cells: number[] = [];
        let leases = 0;
        try {
          for await (const lease of lend(open, { batch, signal: ending.signal })) {
            ok(seen.out <= 1);
            cells.push(...lease.cells);
            equal(lease.values[0], 2 * lease.cells[0]);
            for (let time = 0; releases && time < 2; time++) lease.release();
            if (++leases < at) continue;
            if (how === "break") break;
            if (how === "throw") throw new TypeError("mine");
            if (how === "abort") ending.abort(new Error("enough"));
          }
        } catch (error) {
          match((error as Error).message, /^(mine|a bad page|enough)$/);
        }
        equal(seen.closed, 1);
        equal(seen.out, 0);
        equal(seen.released, seen.given);
        cells.forEach((cell, i) => equal(cell, i));
        if (how === "never") equal(cells.length, sizes.reduce((sum, size) => sum + size, 0));
      },
    ),
  ));

Deno.test("lending() stays within its bytes and never hands out what is out", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 90_000 }), fc.nat(3), fc.boolean()), {
        maxLength: 30,
      }),
      async (steps) => {
        const allotment = { bytes: 300_000, used: 0 }, lent = lending(allotment);
        const out: ArrayBuffer[] = [];
        for (const [bytes, returns, now] of steps) {
          for (let i = 0; i < returns && out.length > 0; i++) lent.giveBack(out.shift()!);
          const asked = (now ? lent.takeNow(bytes) : undefined) ?? lent.take(bytes);
          let taken = await Promise.race([asked, turns(3)]);
          while (taken === undefined) {
            // It waits only while others are out.
            ok(out.length > 0);
            lent.giveBack(out.shift()!);
            taken = await Promise.race([asked, turns(3)]);
          }
          ok(taken.byteLength >= bytes && !out.includes(taken));
          out.push(taken);
          ok(allotment.used <= allotment.bytes);
          ok(out.reduce((sum, { byteLength }) => sum + byteLength, 0) <= allotment.used);
        }
        await rejects(async () => {
          for (const buffer of out) lent.giveBack(buffer);
          await lent.take(400_000);
        }, { name: "TooLittleMemory" });
      },
    ),
    { numRuns: 60 },
  ));

/** Some turns of the event loop. */
async function turns(count: number): Promise<undefined> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

for (const workers of [0, 1]) {
  Deno.test(`a lease is empty once it is released: ${workers} workers`, () =>
    withFolder(async (folder) => {
      writeGroups(folder, MADE);
      let last: Lease | undefined, leases = 0;
      for await (const lease of streamAtlas(folder, { ...OPTIONS, workers })) {
        ok(lease.cells.length > 0 && lease.obs.type.length === lease.cells.length);
        if (last) {
          const { cells, offsets, genes, values, obs } = last;
          for (const array of [cells, offsets, genes, values, obs.type]) equal(array.length, 0);
        }
        last = lease;
        leases++;
      }
      equal(leases, Math.ceil(440 / 25));
      equal(last!.cells.length, 0);
    }));

  Deno.test(`observable() has one lease out and ends with whoever listens: ${workers} workers`, () =>
    withFolder(async (folder) => {
      writeGroups(folder, MADE);
      const stream = streamAtlas(folder, { ...OPTIONS, workers, order: "stored" });
      let out = 0, most = 0, cells = 0;
      const slow = stream.observable((lease) => {
        most = Math.max(most, ++out);
        cells += lease.cells.length;
        return of(lease.cells[0]).pipe(delay(1), (inner) => {
          inner.subscribe({ complete: () => out-- });
          return inner;
        });
      });
      await lastValueFrom(slow);
      equal(cells, 440);
      equal(most, 1);
      const firsts: number[] = [];
      const synchronous = stream.observable().pipe(take(3));
      await new Promise<void>((resolve, reject) =>
        synchronous.subscribe({
          next: (lease) => firsts.push(lease.cells[0]),
          complete: resolve,
          error: reject,
        })
      );
      equal(String(firsts), "0,25,50");
      const failing = stream.observable(() => throwError(() => new TypeError("mine")));
      await rejects(lastValueFrom(failing), TypeError);
    }));
}

Deno.test("streamAtlas() ends with the reason of its signal", () =>
  withFolder(async (folder) => {
    writeGroups(folder, MADE);
    const ending = new AbortController(), reason = new Error("enough");
    const reading = (async () => {
      for await (const _ of streamAtlas(folder, { ...OPTIONS, signal: ending.signal })) {
        ending.abort(reason);
      }
    })();
    await rejects(reading, reason);
    await rejects(Array.fromAsync(streamAtlas(folder, { ...OPTIONS, signal: ending.signal })));
  }));

/** Every way out, in a process of its own: what is open afterwards, and whether it ends by itself. */
Deno.test({
  name: "however a stream ends, workers, files and memory are given back",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      writeGroups(folder, MADE);
      const program = join(import.meta.dirname!, "leaving_streams.ts");
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "--allow-all", program, folder],
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const { code, stdout, stderr } = await child.output();
      equal(new TextDecoder().decode(stderr), "");
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      equal(code, 0, lines.at(-2));
      equal(lines.at(-1), "end");
      // Were threads named otherwise, none would be counted.
      match(lines.at(-2)!, /^at most [1-9]/);
      for (const line of lines.slice(0, -2)) match(line, /^\w+ \d: 0 files, 0 workers$/);
      equal(lines.length, 16);
    }),
});
