/**
 * The kernels as a compiler builds them that watches every access to memory and every operation that
 * C leaves undefined: a process of its own, as the watch must be there before anything else.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { built } from "../plugins/engines/native/build.ts";
import { candidates, type Compiler, findCompiler } from "../plugins/engines/native/compiler.ts";
import { LEVELS, openKernels, recipeOf } from "../plugins/engines/native/kernels.ts";

const WATCH = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"];

/** Laws on random shapes, and a step of each architecture, whose operations between them are most. */
const SCRIPT = `
  import { keyOf } from "./core/random.ts";
  import { openEngine } from "./plugins/engines/native/engine.ts";
  import { loadKernels } from "./plugins/engines/native/library.ts";
  import { rehearse } from "./streams/engine/rehearsal.ts";
  import { shapeLaws } from "./tests/native_shapes.ts";
  import { smallArchitectures } from "./tests/small_architectures.ts";

  const { LIBRARY, PRECISION: precision } = process.env;
  const kernels = { library: loadKernels(LIBRARY), level: "watched", precision };
  for (const law of Object.values(shapeLaws(() => openEngine(kernels, 1)))) await law(12);
  for (const [id, build] of Object.entries(smallArchitectures)) {
    const engine = openEngine(kernels, 2), shape = { genes: 30, length: 8 };
    const part = { architecture: build(shape), shape, cells: 3, key: keyOf(1) };
    const { losses } = await rehearse(engine, part, 1);
    if (!Number.isFinite(losses[0])) throw new Error(id + " lost " + losses[0]);
    await engine.close();
  }
  console.log("watched to the end");
`;

/** The library that has to be loaded first, where this compiler has one. */
function watcherOf({ command }: Compiler): string | undefined {
  const { stdout } = spawnSync(command, ["-print-file-name=libasan.so"], { encoding: "utf8" });
  const path = stdout?.trim();
  return path?.startsWith("/") ? path : undefined;
}

const compiler = await findCompiler(candidates()).catch(() => undefined);
const watcher = compiler && process.platform === "linux" ? watcherOf(compiler) : undefined;

for (const precision of ["fp32", "bf16"] as const) {
  Deno.test({
    name: `native() in ${precision} touches no memory but its own` +
      (watcher ? "" : ": left out, as there is no compiler with AddressSanitizer"),
    ignore: !watcher,
    async fn() {
      const folder = mkdtempSync(join(tmpdir(), "gil-watched-"));
      try {
        const here = await openKernels(undefined, precision);
        const level = LEVELS.findIndex(({ name }) => name === here.level);
        const library = await built(recipeOf(level, WATCH, precision), compiler!, folder);
        const { status, stdout, stderr } = spawnSync(
          process.execPath,
          ["eval", "--no-check", SCRIPT],
          {
            cwd: new URL("..", import.meta.url),
            encoding: "utf8",
            env: {
              ...process.env,
              LIBRARY: library,
              PRECISION: precision,
              LD_PRELOAD: watcher,
              ASAN_OPTIONS: "detect_leaks=0",
            },
          },
        );
        assert.equal(stdout, "watched to the end\n", stderr.slice(0, 4000));
        assert.equal(status, 0);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  });
}
