/**
 * Kernels in the cache: what is built, what is found there, and what is refused.
 *
 * @module
 */

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "../core/errors.ts";
import { built, type Recipe } from "../plugins/engines/native/build.ts";
import { type Compiler, findCompiler } from "../plugins/engines/native/compiler.ts";
import { openKernels } from "../plugins/engines/native/kernels.ts";
import { openLibrary } from "../streams/platform.ts";

/** A library of one function, so that building it is quick. */
const recipe = (number: number): Recipe => ({
  name: "small",
  sources: { "small.c": `int number(void) { return ${number}; }\n` },
  flags: ["-O1", "-fPIC"],
  links: [],
});

const numberIn = (path: string): number =>
  openLibrary(path, { number: { parameters: [], result: "i32" } }).number();

/** A folder that is gone afterwards. */
async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "gil-build-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const refusal = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InputError, `${error}`);
  assert.match(error.message, pattern);
  assert.ok(!error.message.includes("\n"));
  return true;
};

Deno.test("native() says so when there is no compiler", () =>
  inFolder(async (folder) => {
    await assert.rejects(
      () => openKernels({ compilers: ["/nowhere/gcc", "/nowhere/clang"], folder }),
      refusal(/^Cannot find a C compiler: "\/nowhere\/gcc" and "\/nowhere\/clang" cannot be run/),
    );
    assert.deepEqual(readdirSync(folder), []);
  }));

Deno.test("native() tells the first error of a compiler that fails", () =>
  inFolder(async (folder) => {
    const command = join(folder, "cc");
    const script = `#!/bin/sh
[ "$1" = --version ] && echo "cc 1" && exit 0
echo "warning: it is late" >&2; echo "x.c:1: error: no such thing" >&2; echo "more" >&2; exit 1
`;
    writeFileSync(command, script);
    chmodSync(command, 0o755);
    await assert.rejects(
      () => openKernels({ compilers: [command], folder: join(folder, "cache") }),
      refusal(/^Cannot compile the kernels with ".*cc": x\.c:1: error: no such thing$/),
    );
    assert.deepEqual(readdirSync(join(folder, "cache")), []);
  }));

const compiler = await findCompiler(["gcc", "clang"]).catch(() => undefined);

function whereThereIsOne(claim: string, check: (compiler: Compiler) => Promise<void>) {
  const name = compiler ? claim : `${claim}: left out, as there is no compiler`;
  Deno.test({ name, ignore: !compiler, fn: () => check(compiler!) });
}

whereThereIsOne(
  "native() refuses a folder that cannot be written",
  (compiler) =>
    inFolder(async (folder) => {
      const file = join(folder, "file");
      writeFileSync(file, "");
      await assert.rejects(
        () => built(recipe(1), compiler, join(file, "cache")),
        refusal(/^Cannot keep compiled kernels in ".*cache": .*XDG_CACHE_HOME$/),
      );
    }),
);

whereThereIsOne(
  "native() builds once, and anew when anything is different",
  (compiler) =>
    inFolder(async (folder) => {
      const first = await built(recipe(1), compiler, folder), { mtimeMs } = statSync(first);
      assert.equal(await built(recipe(1), compiler, folder), first);
      assert.equal(statSync(first).mtimeMs, mtimeMs);
      const others = [
        await built(recipe(2), compiler, folder),
        await built({ ...recipe(1), flags: ["-O2", "-fPIC"] }, compiler, folder),
        await built(recipe(1), { ...compiler, version: "another" }, folder),
      ];
      assert.equal(new Set([first, ...others]).size, 4);
      assert.equal(numberIn(others[0]), 2);
    }),
);

whereThereIsOne(
  "native() builds again what was truncated or replaced",
  (compiler) =>
    inFolder(async (folder) => {
      const path = await built(recipe(3), compiler, folder);
      for (const content of ["", "not a library", new Uint8Array(10_000)]) {
        writeFileSync(path, content);
        assert.equal(await built(recipe(3), compiler, folder), path);
        assert.ok(statSync(path).size > 10_000 || content.length !== 10_000);
      }
      rmSync(`${path}.sha256`);
      await built(recipe(3), compiler, folder);
      assert.equal(numberIn(path), 3);
      assert.deepEqual(readdirSync(folder).length, 2);
    }),
);

whereThereIsOne(
  "native() may be built by several at once",
  (compiler) =>
    inFolder(async (folder) => {
      const paths = await Promise.all(
        Array.from({ length: 4 }, () => built(recipe(4), compiler, folder)),
      );
      assert.equal(new Set(paths).size, 1);
      assert.equal(numberIn(paths[0]), 4);
      assert.equal(readdirSync(folder).length, 2);
    }),
);
