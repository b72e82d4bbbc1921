import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Effect, Fiber } from "effect";
import fc from "fast-check";
import { decode } from "../core/decode.ts";
import { filesOf, identityOf } from "../streams/import/identity.ts";
import { importAtlas, type ImportRequest } from "../streams/import/import_atlas.ts";
import { ImportOptions } from "../streams/import/import_options.ts";
import { keptInWords, workshopOf } from "../streams/import/shuffle/workshop.ts";
import { lockFolder } from "../streams/run_folder/lock.ts";
import { withFolder } from "./atlas_folder.ts";
import { simple, writeH5ad } from "./data_files.ts";
import { assertSame } from "./first_difference.ts";

const GENES = 24;

/**
 * A file of cells that are all different. The first two thirds say which genes are popular, and the
 * others say the contrary: whoever forgets what came first orders them otherwise.
 */
function writeCells(path: string, cells: number, shift = 0): string {
  const rows = Array.from({ length: cells }, (_, i) => {
    const step = (i + shift) % GENES, early = i < cells * 2 / 3;
    const has = (g: number) => early ? step <= g : step > g;
    return Array.from({ length: GENES }, (_, g) => has(g) ? i % 251 + g + 1 : 0);
  });
  const file = simple(rows, Array.from({ length: GENES }, (_, g) => `G${g}`));
  const depth = Float64Array.from({ length: cells }, (_, i) => i / 4);
  const obs = { ...file.tables.obs, columns: { depth } };
  return writeH5ad(path, { ...file, tables: { ...file.tables, obs } });
}

/** The bytes of every file of a folder, by name. */
const filesIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder).sort().map((name) => [
      name,
      readFileSync(join(folder, name)).toString("base64"),
    ]),
  );

/** How a part of an import ended, and what was told. */
interface Life {
  readonly finished: boolean;
  readonly told: readonly string[];
}

/** Imports until so many reports have come, then interrupts it as Ctrl-C does. */
async function live(request: ImportRequest, reports = Infinity): Promise<Life> {
  const told: string[] = [];
  let left = reports;
  const fiber: Fiber.Fiber<unknown, unknown> = Effect.runFork(importAtlas(request, {
    tell: (line) => told.push(line),
    progress: () => {
      if (--left === 0) Effect.runFork(Fiber.interrupt(fiber));
    },
  }));
  const exit = await Effect.runPromise(Fiber.await(fiber));
  if (exit._tag === "Failure" && left > 0) throw new Error(String(exit.cause));
  return { finished: exit._tag === "Success", told };
}

Deno.test("importAtlas() comes to the same bytes however often it is interrupted", () =>
  withFolder(async (folder) => {
    const input = writeCells(join(folder, "a.h5ad"), 3000);
    const tuned = { inputs: [input], shardBytes: 20_000, interval: 300 };
    await live({ ...tuned, output: join(folder, "undisturbed") });
    const wanted = filesIn(join(folder, "undisturbed"));
    assert.ok(Object.keys(wanted).length > 4, "several shards");
    let run = 0, wentOn = 0;
    const reports = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(reports, async (lives) => {
        const output = join(folder, `disturbed-${run++}`), request = { ...tuned, output };
        for (const reports of lives) {
          const { finished, told } = await live(request, reports);
          wentOn += told.filter((line) => line.startsWith("goes on")).length;
          assert.equal(existsSync(output), finished);
          assert.equal(existsSync(workshopOf(output)), !finished);
          assert.equal(keptInWords(output).length, finished ? 0 : 1);
          if (finished) break;
        }
        if (!existsSync(output)) await live(request);
        assertSame(filesIn(output), wanted);
        assert.ok(!existsSync(workshopOf(output)));
      }),
      { numRuns: 12 },
    );
    assert.ok(wentOn > 0, "no life went on with what another had done");
  }));

Deno.test("importAtlas() says from where it goes on, and begins anew where it cannot, and why", () =>
  withFolder(async (folder) => {
    const input = writeCells(join(folder, "a.h5ad"), 2000), output = join(folder, "out");
    const request = { inputs: [input], output, shardBytes: 20_000, interval: 256 };
    const stop = async (change: object = {}) =>
      (await live({ ...request, ...change }, 5)).told.join("\n");
    assert.equal(await stop(), "");
    const progress = join(workshopOf(output), "progress.json");
    const now = JSON.parse(readFileSync(progress, "utf8"));
    assert.ok(now.collected > 0 && now.collected < 2000);
    const kept = join(folder, "kept");
    cpSync(workshopOf(output), kept, { recursive: true });
    const again = () => {
      rmSync(workshopOf(output), { recursive: true });
      cpSync(kept, workshopOf(output), { recursive: true });
    };
    assert.equal(await stop(), `goes on from cell ${now.collected.toLocaleString("en")} of 2,000`);

    const other = "begins anew: what was begun has other inputs or options";
    again();
    assert.equal(await stop({ options: { seed: 2 } }), other);
    again();
    assert.equal(await stop({ inputs: [`name=${input}`] }), other);
    again();
    const memory = { options: { memory: "1GB" } };
    assert.match(await stop(memory), /^goes on/, "memory changes nothing");
    again();
    writeFileSync(progress, readFileSync(progress, "utf8").slice(0, -9));
    assert.equal(await stop(), "begins anew: its record is damaged");
    again();
    truncateSync(join(workshopOf(output), "cells"), now.bytes - 1);
    assert.equal(await stop(), "begins anew: a part of what was done is lost");
    again();
    utimesSync(input, 1, 1);
    assert.equal(await stop(), "begins anew: the inputs have changed since it was begun");

    // What was begun anew is the import that was asked for.
    again();
    writeCells(input, 2000, 1);
    const { told } = await live(request);
    assertSame(told, ["begins anew: the inputs have changed since it was begun"]);
    await live({ ...request, output: join(folder, "fresh") });
    assertSame(filesIn(output), filesIn(join(folder, "fresh")));
  }));

Deno.test("importAtlas() leaves nothing behind when an input is bad, also where it had begun", () =>
  withFolder(async (folder) => {
    const input = join(folder, "a.h5ad"), output = join(folder, "out");
    const rows = Array.from({ length: 1500 }, (_, i) => [i + 1, i === 1400 ? 0.5 : 1]);
    writeH5ad(input, simple(rows, ["A", "B"]));
    const request = { inputs: [input], output, interval: 256 };
    assert.ok(!(await live(request, 3)).finished);
    assert.ok(existsSync(workshopOf(output)));
    const { message } = await Effect.runPromise(Effect.flip(importAtlas(request)));
    assert.match(message, /gene "B" of cell 1400 has the value 0.5/);
    assertSame(readdirSync(folder), ["a.h5ad"]);
  }));

Deno.test("importAtlas() refuses an output that another import writes, or that is not empty", () =>
  withFolder(async (folder) => {
    const input = writeCells(join(folder, "a.h5ad"), 1500), output = join(folder, "out");
    const request = { inputs: [input], output };
    const works = "another process works in it; wait for it to end";
    const workshop = workshopOf(output);
    mkdirSync(workshop);
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      yield* lockFolder(workshop, `atlas "${output}"`);
      const { message } = yield* Effect.flip(importAtlas(request));
      assert.equal(message, `Cannot use atlas "${output}": ${works}`);
    })));

    // Of two at once one wins; the other comes while it works, or when it has just ended.
    const ended = await Promise.all(
      [1, 2].map(() => Effect.runPromise(Effect.result(importAtlas(request)))),
    );
    const failures = ended.flatMap((one) => one._tag === "Failure" ? [one.failure.message] : []);
    const filled =
      `Cannot write atlas "${output}": the folder is not empty; name another or remove it`;
    const late = [works, "another process has just finished it"];
    assert.equal(failures.length, 1);
    assert.ok(
      [...late.map((why) => `Cannot use atlas "${output}": ${why}`), filled].includes(failures[0]),
      failures[0],
    );
    assert.ok(existsSync(join(output, "atlas.json")));
    const { message } = await Effect.runPromise(Effect.flip(importAtlas(request)));
    assert.equal(message, filled);
    assertSame(readdirSync(folder).sort(), ["a.h5ad", "out"]);
  }));

Deno.test("importAtlas() gives a complete atlas its name, or removes what a named one has left", () =>
  withFolder(async (folder) => {
    const input = writeCells(join(folder, "a.h5ad"), 2000);
    const atlas = join(folder, "atlas"), output = join(folder, "out");
    const request = { inputs: [input], output, shardBytes: 20_000 };
    const refused = async () =>
      (await Effect.runPromise(Effect.flip(importAtlas(request)))).message;
    await live({ ...request, output: atlas });
    const { shards } = JSON.parse(readFileSync(join(atlas, "atlas.json"), "utf8"));
    await live(request, 20);
    const workshop = workshopOf(output), progress = join(workshop, "progress.json");
    const collected = JSON.parse(readFileSync(progress, "utf8"));
    assert.equal(collected.collected, 2000);
    const record = JSON.stringify({ ...collected, shards, complete: true });
    writeFileSync(progress, record);
    rmSync(join(workshop, "atlas"), { recursive: true });
    cpSync(atlas, join(workshop, "atlas"), { recursive: true });
    const kept = join(folder, "kept");
    cpSync(workshop, kept, { recursive: true });
    const lines = ["goes on: all 2,000 cells are read, 2,000 of them are written"];
    assertSame(await live(request), { finished: true, told: lines });
    assertSame(filesIn(output), filesIn(atlas));

    cpSync(kept, workshop, { recursive: true });
    rmSync(join(workshop, "atlas"), { recursive: true });
    assertSame(await live(request), { finished: true, told: lines });
    assert.ok(!existsSync(workshop));
    assertSame(filesIn(output), filesIn(atlas));

    // Nothing is left of the rest but a folder: whoever is refused removes it.
    cpSync(kept, workshop, { recursive: true });
    for (const name of ["atlas", "progress.json"]) {
      rmSync(join(workshop, name), { recursive: true });
    }
    assert.match(await refused(), /the folder is not empty/);
    assert.ok(!existsSync(workshop));

    // An atlas of that name that is another one is never taken for it.
    writeFileSync(join(output, "atlas.json"), "{}");
    cpSync(kept, workshop, { recursive: true });
    rmSync(join(workshop, "atlas"), { recursive: true });
    assert.match(await refused(), /the folder is not empty/);
    assert.equal(readFileSync(join(output, "atlas.json"), "utf8"), "{}");
  }));

Deno.test("an import that is killed, whenever, comes to the same bytes when it is asked for again", () =>
  withFolder(async (folder) => {
    const input = writeCells(join(folder, "a.h5ad"), 30_000);
    const start = (output: string, share = Infinity) => {
      const script = fileURLToPath(new URL("import_process.ts", import.meta.url));
      const args = ["run", "-A", "--no-check", script, input, output, "40000", `${share}`];
      const child = spawn(process.execPath, args, {
        cwd: new URL("..", import.meta.url),
        stdio: ["ignore", "pipe", "ignore"],
      });
      let told = "";
      child.stdout.setEncoding("utf8").on("data", (text) => told += text);
      const ended = once(child, "close").then(([code, signal]) => ({ code, signal, told }));
      return { child, ended, told: () => told };
    };
    const output = join(folder, "killed"), undisturbed = join(folder, "undisturbed");
    assert.equal((await start(undisturbed).ended).code, 0);

    // While cells are collected, and twice while they are written: at that very moment.
    const [one, two, three, part, delay] = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), 5);
    const told: string[] = [];
    for (const share of [0.5 * one, 0.51 + 0.24 * two, 0.75 + 0.24 * three]) {
      const life = start(output, share);
      while (life.child.exitCode === null && !life.told().includes("stands still")) {
        await setTimeout(2);
      }
      life.child.kill("SIGKILL");
      const end = await life.ended;
      assert.equal(end.signal, "SIGKILL", end.told);
      told.push(end.told);
    }
    assert.match(told[2], /^goes on: all 30,000 cells are read, /);
    // And once in the middle of whatever it does then, if it is not done before.
    const all = readdirSync(undisturbed).length, atlas = join(workshopOf(output), "atlas");
    const { child, ended } = start(output);
    const shards = () => existsSync(atlas) ? readdirSync(atlas).length : all;
    while (child.exitCode === null && shards() < all - Math.floor(4 * part)) await setTimeout(1);
    await setTimeout(5 * delay);
    child.kill("SIGKILL");
    await ended;
    // A kill behind the very last step leaves an empty working folder; asking again removes it.
    const isDone = existsSync(output);
    const again = await start(output).ended;
    assert.ok(isDone || again.code === 0, again.told);
    assertSame(filesIn(output), filesIn(undisturbed));
    assertSame(readdirSync(folder).sort(), ["a.h5ad", "killed", "undisturbed"]);
  }));

Deno.test("identityOf() tells when a mapping has changed, or the vocabulary that it names", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.parquet"), mapping = join(folder, "mapping.json");
    writeFileSync(path, "PAR1");
    writeFileSync(mapping, "{}");
    const options = await Effect.runPromise(decode(ImportOptions, { mapping }, "Cannot import"));
    const inputs = [{ name: "a", path }];
    const identity = (symbols = ["A"]) => {
      const files = filesOf(inputs, options);
      return identityOf(inputs, options, { shardBytes: undefined, symbols, files });
    };
    const before = identity();
    assertSame(identity(), before);
    assert.notEqual(identity(["B"]).inputs, before.inputs);
    writeFileSync(mapping, '{"genes":"ids"}');
    assert.notEqual(identity().inputs, before.inputs);
    assert.equal(identity().request, before.request);
  }));
