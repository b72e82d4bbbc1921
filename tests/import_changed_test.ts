import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Effect, Fiber } from "effect";
import { checkVacant } from "../streams/atlas/staging.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { importAtlas, type ImportRequest } from "../streams/import/import_atlas.ts";
import { keptInWords, workshopOf } from "../streams/import/shuffle/workshop.ts";
import { syntheticAtlas } from "../streams/reading/synthesise.ts";
import { withFolder } from "./atlas_folder.ts";
import { simple, tenx, writeFolder, writeH5ad } from "./data_files.ts";
import { assertSame } from "./first_difference.ts";

const GENES = ["A", "B", "C"];
const cellsOf = (value: number) => Array.from({ length: 900 }, (_, i) => [value, i % 2, 0]);

/** How an import ended during which something happened, once, when a part was read. */
async function importing(request: ImportRequest, happens: () => void) {
  const told: string[] = [];
  let left = 1;
  const ended = await Effect.runPromise(Effect.result(importAtlas(request, {
    tell: (line) => told.push(line),
    progress: () => {
      if (left-- === 1) happens();
    },
  })));
  assert.ok(left < 1, "it happened");
  return { told, message: ended._tag === "Failure" ? ended.failure.message : "" };
}

const changed = (path: string) =>
  `Cannot import "${path}": it has changed while it was read; import it again`;

Deno.test("importAtlas() refuses a file that is written over while it is read, and keeps nothing", () =>
  withFolder(async (folder) => {
    const input = writeH5ad(join(folder, "a.h5ad"), simple(cellsOf(1), GENES));
    const other = writeH5ad(join(folder, "b.h5ad"), simple(cellsOf(2), GENES));
    utimesSync(input, 1, 1);
    const output = join(folder, "out");
    for (const interval of [1, 1000]) {
      const request = { inputs: [input], output, interval };
      const { message } = await importing(request, () => copyFileSync(other, input));
      assert.equal(message, changed(input));
      assertSame(readdirSync(folder).sort(), ["a.h5ad", "b.h5ad"]);
      utimesSync(input, 1, 1);
    }
  }));

Deno.test("importAtlas() says that a file has changed rather than that it is damaged, or is gone", () =>
  withFolder(async (folder) => {
    const first = writeH5ad(join(folder, "a.h5ad"), simple(cellsOf(1), GENES));
    const files = tenx(cellsOf(1), GENES), second = join(folder, "10x");
    const matrix = join(second, "matrix.mtx.gz");
    const request = { inputs: [first, second], output: join(folder, "out") };
    for (const happens of [() => writeFileSync(matrix, "no longer"), () => rmSync(matrix)]) {
      writeFolder(second, files);
      assert.equal((await importing(request, happens)).message, changed(matrix));
      rmSync(second, { recursive: true });
    }
    assertSame(readdirSync(folder), ["a.h5ad"]);
  }));

Deno.test("importAtlas() goes on in a folder of inputs, whatever comes there besides", () =>
  withFolder(async (folder) => {
    const input = writeFolder(join(folder, "10x"), tenx(cellsOf(1), GENES));
    const request = { inputs: [input], output: join(input, "out"), interval: 256 };
    let left = 2;
    const fiber: Fiber.Fiber<unknown, unknown> = Effect.runFork(importAtlas(request, {
      progress: () => {
        if (--left === 0) Effect.runFork(Fiber.interrupt(fiber));
      },
    }));
    await Effect.runPromise(Fiber.await(fiber));
    assert.equal(keptInWords(request.output).length, 1);
    const { told, message } = await importing(
      request,
      () => writeFileSync(join(input, "notes.txt"), "new"),
    );
    assert.equal(message, "");
    assert.match(told[0], /^goes on from cell /);
  }));

Deno.test("importAtlas() keeps a complete atlas that cannot get its name", () =>
  withFolder(async (folder) => {
    const input = writeH5ad(join(folder, "a.h5ad"), simple(cellsOf(1), GENES));
    const output = join(folder, "out"), request = { inputs: [input], output };
    const { told, message } = await importing(request, () => {
      mkdirSync(output);
      writeFileSync(join(output, "notes.txt"), "in the way");
    });
    assert.equal(message, `Cannot write atlas "${output}": the folder is not empty`);
    assertSame(told, [`what is done is kept beside "${output}"; the same command goes on with it`]);
    rmSync(output, { recursive: true });
    const again: string[] = [];
    await Effect.runPromise(importAtlas(request, { tell: (line) => again.push(line) }));
    assertSame(again, ["goes on: all 900 cells are read, 900 of them are written"]);
    assert.ok(existsSync(join(output, "atlas.json")) && !existsSync(workshopOf(output)));
  }));

const made = syntheticAtlas({
  cells: 40,
  genes: 5,
  cellTypes: 2,
  dataSets: 1,
  modules: 1,
  depth: 9,
  seed: 1,
});

Deno.test("importAtlas() and writeAtlas() write to where a link leads, and leave the link", () =>
  withFolder(async (folder) => {
    const input = writeH5ad(join(folder, "a.h5ad"), simple(cellsOf(1), GENES));
    for (const name of ["one", "two"]) {
      mkdirSync(join(folder, "far", name), { recursive: true });
      symlinkSync(join(folder, "far", name), join(folder, name));
    }
    const one = join(folder, "one");
    await Effect.runPromise(importAtlas({ inputs: [input], output: one }, {
      progress: () => assertSame(workshopOf(one), join(folder, "far", ".one.import")),
    }));
    await Effect.runPromise(writeAtlas(join(folder, "two"), made));
    for (const name of ["one", "two"]) {
      assert.ok(existsSync(join(folder, "far", name, "atlas.json")));
      assert.ok(existsSync(join(folder, name, "atlas.json")));
    }
    assertSame(readdirSync(folder).sort(), ["a.h5ad", "far", "one", "two"]);
    assertSame(readdirSync(join(folder, "far")).sort(), ["one", "two"]);
  }));

Deno.test("importAtlas() and writeAtlas() refuse a link that leads nowhere before anything is read", () =>
  withFolder(async (folder) => {
    const output = join(folder, "out");
    symlinkSync(join(folder, "nowhere"), output);
    const message =
      `Cannot write atlas "${output}": it is a link to a folder that does not exist; ` +
      "make that folder or remove the link";
    const request = { inputs: [join(folder, "no input")], output };
    const imported = await Effect.runPromise(Effect.flip(importAtlas(request)));
    const written = await Effect.runPromise(Effect.flip(writeAtlas(output, made)));
    assertSame([imported.message, written.message], [message, message]);
    assertSame(readdirSync(folder), ["out"]);
  }));

Deno.test({
  name: "checkVacant() refuses a mount point",
  ignore: process.platform !== "linux",
  fn: () =>
    assert.throws(() => checkVacant("/proc"), {
      message: 'Cannot write atlas "/proc": it is a mount point; name a folder in it',
    }),
});
