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
import { InputError } from "../core/errors.ts";
import type { Engine } from "../core/model/program.ts";
import { trusted } from "../plugins/engines/native/trust.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
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
}
