/**
 * The kernels on buffers that end, or begin, beside pages that nobody may touch: a process of its own,
 * as whoever touches one ends it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import type { Precision } from "../core/model/program.ts";
import { built, type Recipe } from "../plugins/engines/native/build.ts";
import { candidates, findCompiler } from "../plugins/engines/native/compiler.ts";
import { LEVELS, recipeOf } from "../plugins/engines/native/kernels.ts";
import { cacheFolder } from "../streams/reading/cached_atlas.ts";
import { guardedRecipe } from "./native_guarded_memory.ts";
import { kernelsHere } from "./native_opened.ts";

/** Says what it begins, so that the last line tells what has ended it. */
const SCRIPT = `
  import fc from "fast-check";
  import { openEngine } from "./plugins/engines/native/engine.ts";
  import { openGuarded } from "./tests/native_guarded.ts";
  import { loadGuarded } from "./tests/native_guarded_memory.ts";
  import { sameBits } from "./tests/native_same_bits.ts";
  import { shapeLaws } from "./tests/native_shapes.ts";

  const seed = Number(process.env.SEED ?? crypto.getRandomValues(new Int32Array(1))[0]);
  fc.configureGlobal({ seed });
  console.log("seed " + seed);
  const { PRECISION: precision, LIBRARY } = process.env, guarded = loadGuarded(LIBRARY, precision);
  const plain = () => openEngine({ library: guarded.kernels, level: "any", precision }, 2);
  for (const side of ["end", "begin"]) {
    const open = (threads) => () => openGuarded(guarded, threads, side);
    const laws = { ...shapeLaws(open(1)), ...sameBits(open(2), plain) };
    for (const [name, law] of Object.entries(laws)) {
      console.log(name + " at the " + side);
      await law(12);
    }
  }
  console.log("to the end");
`;

const kernels = await kernelsHere();
const left = typeof kernels === "string"
  ? kernels
  : process.platform === "linux"
  ? undefined
  : "pages are closed on Linux only";

const own = LEVELS.findIndex(({ name }) => typeof kernels === "object" && name === kernels.level);
const wide = ["-D__AVX512F__", "-Wno-psabi"];

/** This processor's vectors, those of any other, and those of AVX-512 in pieces: the largest tiles. */
const BUILDS: Readonly<Record<string, readonly [Precision, Recipe]>> = {
  "vectors of its own": ["fp32", recipeOf(Math.max(0, own))],
  "narrow vectors": ["fp32", recipeOf(0)],
  "wide vectors": ["fp32", recipeOf(0, wide)],
  "bf16 and wide vectors": ["bf16", recipeOf(0, wide, "bf16")],
};

for (const [what, [precision, recipe]] of Object.entries(BUILDS)) {
  Deno.test({
    name: `native() in ${what} touches nothing beside its buffers` +
      (left ? `: left out: ${left}` : ""),
    ignore: left !== undefined,
    async fn() {
      const compiler = await findCompiler(candidates());
      const library = await built(guardedRecipe(recipe), compiler, cacheFolder());
      const { stdout, stderr, signal } = spawnSync(
        process.execPath,
        ["eval", "--no-check", SCRIPT],
        {
          cwd: new URL("..", import.meta.url),
          encoding: "utf8",
          env: { ...process.env, LIBRARY: library, PRECISION: precision, NO_COLOR: "1" },
        },
      );
      assert.match(stdout, /\nto the end\n$/, `${signal} in ${stdout}${stderr.slice(0, 4000)}`);
    },
  });
}
