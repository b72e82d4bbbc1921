/**
 * What keeps the kernels from being built, loaded or used is one sentence, whatever a compiler, a disk
 * or a model is like.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../core/errors.ts";
import { learningProgram } from "../core/model/objective.ts";
import { layoutOf } from "../core/model/program.ts";
import { built } from "../plugins/engines/native/build.ts";
import { findCompiler } from "../plugins/engines/native/compiler.ts";
import { openKernels } from "../plugins/engines/native/kernels.ts";
import { planOf } from "../plugins/engines/native/plan/plan.ts";
import { transformer } from "../plugins/mod.ts";
import { withFolder } from "./atlas_folder.ts";
import { compilerOf, recipe, whereThereIsOne } from "./native_building.ts";

/** The sentence with which an attempt is refused. */
async function refusal(attempt: () => unknown): Promise<string> {
  const error = await Promise.resolve().then(attempt).then(
    () => assert.fail("it was not refused"),
    (error) => error,
  );
  assert.ok(error instanceof InputError, `${error}`);
  assert.match(error.message, /^Cannot [\p{L}\p{N}\p{P}\p{S} ]+$/u);
  return error.message;
}

/** The sentence about a compiler that does as a shell script does. */
const said = (script: string): Promise<string> =>
  withFolder(async (folder) => {
    const compiler = await findCompiler([compilerOf(folder, script)]),
      cache = join(folder, "cache");
    const sentence = await refusal(() => built(recipe(1), compiler, cache));
    assert.deepEqual(readdirSync(cache), []);
    return sentence.replace(/^Cannot compile the kernels with ".*cc": /, "");
  });

Deno.test("compile() tells one line that can be printed, whatever a compiler writes", async () => {
  assert.equal(
    await said(String.raw`printf 'x.c: \033[2J\007error:\tno such thing\r\n'; exit 1`),
    "x.c: [2J error: no such thing",
  );
  const long = await said(`head -c 100000 /dev/zero | tr '\\0' x; exit 1`);
  assert.equal(long, `${"x".repeat(300)}…`);
  assert.equal(await said(String.raw`printf '\033\n\377\n'; exit 3`), "it ended with 3");
});

Deno.test("compile() tells what the linker says, not that it said something", async () => {
  assert.equal(
    await said(`echo "ld: final link failed: No space left on device"
echo "collect2: error: ld returned 1 exit status"; exit 1`),
    "ld: final link failed: No space left on device",
  );
  assert.equal(
    await said("echo collect2: error: ld returned 1 exit status; exit 1"),
    "it ended with 1",
  );
});

Deno.test("built() refuses a compiler that makes nothing and says that all is well", async () => {
  assert.equal(await said("exit 0"), "it made no library");
});

whereThereIsOne(
  "built() names the folder that does not take a library, and what would",
  (compiler) =>
    withFolder(async (folder) => {
      const path = await built(recipe(5), compiler, folder), name = path.slice(folder.length + 1);
      const other = join(folder, "other");
      mkdirSync(join(other, name, "in the way"), { recursive: true });
      assert.equal(
        await refusal(() => built(recipe(5), compiler, other)),
        `Cannot keep compiled kernels in "${other}": EISDIR: illegal operation on a directory; ` +
          "name another folder in XDG_CACHE_HOME",
      );
    }),
);

Deno.test("openKernels() says what is wrong with a library that cannot be loaded", () =>
  withFolder(async (folder) => {
    const text = compilerOf(
      folder,
      `while [ "$1" != -o ]; do shift; done; echo "no library" > "$2"`,
    );
    const sentence = await refusal(() => openKernels({ compilers: [text], folder }));
    assert.match(
      sentence,
      /^Cannot load compiled kernels "\S+\.so": [^/]+; delete them, or name another folder in XDG_CACHE_HOME$/,
    );
  }));

Deno.test("planOf() refuses a model that has more weights than words can tell apart", async () => {
  const shape = { genes: 50, length: 17 };
  const architecture = transformer({ layers: 1, width: 2 ** 15, heads: 256 })(shape);
  const program = learningProgram(architecture, { ...shape, cells: 2 });
  const sentence = await refusal(() => planOf(program, layoutOf(architecture.weights)));
  assert.match(sentence, /^Cannot plan program "learn .*": its values take more than 8 GB; make /);
});
