/**
 * Kernels in the cache: what is built, what is found there, and what is refused.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { InputError } from "../core/errors.ts";
import { built } from "../plugins/engines/native/build.ts";
import { findCompiler } from "../plugins/engines/native/compiler.ts";
import { openKernels } from "../plugins/engines/native/kernels.ts";
import { withFolder } from "./atlas_folder.ts";
import { DENO_DIR } from "./deno_folder.ts";
import { compilerOf, numberIn, recipe, whereThereIsOne } from "./native_building.ts";

const refusal = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InputError, `${error}`);
  assert.match(error.message, pattern);
  assert.ok(!error.message.includes("\n"));
  return true;
};

Deno.test("native() says so when there is no compiler", () =>
  withFolder(async (folder) => {
    await assert.rejects(
      () => openKernels({ compilers: ["/nowhere/gcc", "/nowhere/clang"], folder }),
      refusal(/^Cannot find a C compiler: "\/nowhere\/gcc" and "\/nowhere\/clang" cannot be run/),
    );
    assert.deepEqual(readdirSync(folder), []);
  }));

/** What a process of its own writes that runs `script` in the project's folder. */
function said(script: string, env: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["eval", "--no-check", script], {
      cwd: new URL("..", import.meta.url),
      env: { ...process.env, NO_COLOR: "1", DENO_DIR, ...env },
    });
    let text = "";
    child.stdout.on("data", (more) => text += more);
    child.stderr.on("data", (more) => text += more);
    child.on("close", () => resolve(text));
  });
}

Deno.test("native() tells the first error of a compiler that fails", () =>
  withFolder(async (folder) => {
    const command = compilerOf(
      folder,
      `echo "warning: it is late" >&2; echo "x.c:1: error: no such thing" >&2; exit 1`,
    );
    await assert.rejects(
      () => openKernels({ compilers: [command], folder: join(folder, "cache") }),
      refusal(/^Cannot compile the kernels with ".*cc": x\.c:1: error: no such thing$/),
    );
    assert.deepEqual(readdirSync(join(folder, "cache")), []);
  }));

Deno.test("native() gives up a compiler that hangs, and one that does not say who it is", () =>
  withFolder(async (folder) => {
    // What it has started lives on and holds its outputs open.
    const compiler = await findCompiler([compilerOf(folder, "sleep 5 & sleep 5")], 1);
    const cache = join(folder, "cache");
    await assert.rejects(
      () => built(recipe(1), compiler, cache),
      refusal(/^Cannot compile the kernels with ".*cc": it has not ended after 1 s$/),
    );
    assert.deepEqual(readdirSync(cache), []);
    const mute = join(folder, "mute");
    writeFileSync(mute, "#!/bin/sh\nsleep 5\n");
    chmodSync(mute, 0o755);
    await assert.rejects(
      () => findCompiler([mute], 0.1),
      refusal(/^Cannot find a C compiler: ".*mute" cannot be run/),
    );
  }));

Deno.test("native() leaves the work to onnx where it cannot be built, and says why", () =>
  withFolder(async (folder) => {
    const fails = compilerOf(folder, `echo "x.c:1: error: no such thing" >&2; exit 1`);
    const file = join(folder, "file");
    writeFileSync(file, "");
    const chosen = `
      import { Effect } from "effect";
      import { native, onnx } from "./plugins/mod.ts";
      import { openEngines } from "./streams/engine/choose.ts";
      await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        const { engines: [{ name }], notes } = yield* openEngines({ native, onnx }, { use: null }, 1);
        console.log(name, "|", notes.join(" | "));
      })));
    `;
    const [absent, failing, shut] = await Promise.all([
      said(chosen, { CC: "/nowhere/cc", XDG_CACHE_HOME: folder }),
      said(chosen, { CC: fails, XDG_CACHE_HOME: folder }),
      said(chosen, { CC: fails, XDG_CACHE_HOME: file }),
    ]);
    assert.match(absent, /^onnx \(.*\) \| Cannot find a C compiler: "\/nowhere\/cc" cannot be run/);
    assert.match(failing, /^onnx \(.*\) \| Cannot compile the kernels .*: x\.c:1: error: no such/);
    assert.match(shut, /^onnx \(.*\) \| Cannot keep compiled kernels in ".*file\/gil"/);
  }));

whereThereIsOne(
  "native() refuses a folder that cannot be written",
  (compiler) =>
    withFolder(async (folder) => {
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
    withFolder(async (folder) => {
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
    withFolder(async (folder) => {
      const path = await built(recipe(3), compiler, folder);
      for (const content of ["", "not a library", new Uint8Array(10_000)]) {
        writeFileSync(path, content);
        assert.equal(await built(recipe(3), compiler, folder), path);
        assert.ok(statSync(path).size > 10_000 || content.length !== 10_000);
      }
      rmSync(`${path}.sha256`);
      await built(recipe(3), compiler, folder);
      assert.equal(numberIn(path), 3);
      assert.equal(readdirSync(folder).length, 3);
    }),
);

whereThereIsOne(
  "native() may be built by several at once",
  (compiler) =>
    withFolder(async (folder) => {
      const paths = await Promise.all(
        Array.from({ length: 4 }, () => built(recipe(4), compiler, folder)),
      );
      assert.equal(new Set(paths).size, 1);
      assert.equal(numberIn(paths[0]), 4);
      assert.equal(readdirSync(folder).length, 3);
    }),
);

whereThereIsOne(
  "native() may be built by two processes at once, and both compute with one library",
  (compiler) =>
    withFolder(async (folder) => {
      const cache = join(folder, "cache");
      // Neither is linked before both have been compiled.
      const command = compilerOf(
        folder,
        `case " $* " in *" -shared "*) : > "${folder}/linked.$$"; n=0
while [ $n -lt 600 ] && [ "$(ls "${folder}"/linked.* | wc -l)" -lt 2 ]; do sleep 0.1; n=$((n+1)); done
esac
exec ${compiler.command} "$@"`,
      );
      const script = `
        import { built } from "./plugins/engines/native/build.ts";
        import { findCompiler } from "./plugins/engines/native/compiler.ts";
        import { openEngine } from "./plugins/engines/native/engine.ts";
        import { recipeOf } from "./plugins/engines/native/kernels.ts";
        import { loadKernels } from "./plugins/engines/native/library.ts";
        import { tried } from "./streams/engine/trial.ts";
        const compiler = await findCompiler([${JSON.stringify(command)}]);
        const path = await built(recipeOf(0, ["-O0"]), compiler, ${JSON.stringify(cache)});
        const engine = openEngine({ library: loadKernels(path), level: "plain" }, 2);
        await tried(engine);
        await engine.close();
        console.log(path);
      `;
      const [one, other] = await Promise.all([said(script, {}), said(script, {})]);
      assert.match(one, /^\/.*\.so\n$/);
      assert.equal(other, one);
      assert.equal(readdirSync(folder).filter((name) => name.startsWith("linked.")).length, 2);
      const name = one.trim().slice(cache.length + 1);
      assert.deepEqual(
        readdirSync(cache).toSorted(),
        [name, `${name}.sha256`, `${name}.used`],
      );
    }),
);
