/**
 * Engines that were made on this machine are tried before they are believed.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { InputError } from "../core/errors.ts";
import type { Engine } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import { transformer } from "../plugins/architectures/transformer.ts";
import { built } from "../plugins/engines/native/build.ts";
import { candidates, findCompiler } from "../plugins/engines/native/compiler.ts";
import { openEngine } from "../plugins/engines/native/engine.ts";
import { recipeOf } from "../plugins/engines/native/kernels.ts";
import { loadKernels } from "../plugins/engines/native/library.ts";
import { trusted } from "../plugins/engines/native/trust.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { rehearse } from "../streams/engine/rehearsal.ts";
import { tried } from "../streams/engine/trial.ts";
import { kernelsHere } from "./native_opened.ts";

/** Plain JavaScript whose gradients are a little too large. */
function exaggerating(by: number): Engine {
  const inner = cpuEngine();
  return {
    ...inner,
    name: "exaggerating",
    allocate(layout, use) {
      const state = inner.allocate(layout, use), read = state.read.bind(state);
      return Object.assign(state, {
        read: async (buffer: "weights") => (await read(buffer)).map((number) => number * by),
      });
    },
  };
}

Deno.test("tried() believes what computes the same, and nothing else", async () => {
  await tried(cpuEngine());
  await assert.rejects(() => tried(exaggerating(1.001)), (error: Error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /^Cannot trust exaggerating .* differ by 0\.0010 of their size; /);
    return true;
  });
});

const kernels = await kernelsHere();
if (typeof kernels === "string") {
  Deno.test({ name: `trusted() is left out: ${kernels}`, ignore: true, fn() {} });
} else {
  Deno.test("trusted() tries kernels once, and again when the library is another", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gil-trust-")), path = join(folder, "kernels.so");
    try {
      copyFileSync(kernels.path, path);
      copyFileSync(`${kernels.path}.sha256`, `${path}.sha256`);
      assert.ok(!existsSync(`${path}.agrees`));
      await trusted({ ...kernels, path });
      assert.equal(readFileSync(`${path}.agrees`, "utf8"), readFileSync(`${path}.sha256`, "utf8"));

      const closed = { ...kernels, library: { ...kernels.library, gil_open: () => null }, path };
      await trusted(closed as typeof kernels);
      writeFileSync(`${path}.sha256`, "another");
      await assert.rejects(() => trusted(closed as typeof kernels), /no 2 threads/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  /** What no processor of its kind knows. */
  const unknown: Readonly<Record<string, string>> = { x64: "ud2", arm64: "udf #0" };
  Deno.test({
    name: "trusted() refuses kernels that the processor cannot run, and the process goes on",
    ignore: !(process.arch in unknown),
    async fn() {
      const recipe = recipeOf(0), folder = mkdtempSync(join(tmpdir(), "gil-trust-"));
      const file = "norm.c", begin = "void norm(Frame *frame, const int32_t *w) {";
      const text = recipe.sources[file].replace(
        begin,
        `${begin}\n  __asm__ volatile("${unknown[process.arch]}");`,
      );
      assert.notEqual(text, recipe.sources[file]);
      try {
        const sources = { ...recipe.sources, [file]: text };
        const path = await built({ ...recipe, sources }, await findCompiler(candidates()), folder);
        const broken = { ...kernels, library: loadKernels(path), path };
        for (let time = 0; time < 3; time++) {
          await assert.rejects(() => trusted(broken), (error: Error) => {
            assert.ok(error instanceof InputError);
            assert.match(error.message, /does not have an instruction .*; name another engine$/);
            return true;
          });
        }
        // One cell, whose kernels all threads help with.
        const engine = openEngine(broken, 2), shape = { genes: 2000, length: 600 };
        const architecture = transformer({ layers: 1, width: 64, heads: 4 })(shape);
        const alone = { architecture, shape, cells: 1, key: keyOf(1) };
        await assert.rejects(() => rehearse(engine, alone, 1), /does not have an instruction/);
        await engine.close();
        const other = openEngine(kernels, 2);
        await tried(other);
        await other.close();
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  });
}
