/**
 * The kernels of `native` as arm64 gets them, run as what they are, in an emulator of that processor.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { layoutOf } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import { type Compiler, findCompiler } from "../plugins/engines/native/compiler.ts";
import { openEngine } from "../plugins/engines/native/engine.ts";
import { openKernels } from "../plugins/engines/native/kernels.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { ALLOWED, difference, rehearse } from "../streams/engine/rehearsal.ts";
import { engineLaws } from "./laws/engine_laws.ts";
import { builtElsewhere, openElsewhere } from "./native_elsewhere.ts";
import { kernelsHere } from "./native_opened.ts";
import { assertNear, normals } from "./native_runs.ts";
import { shapeLaws } from "./native_shapes.ts";
import { smallArchitectures } from "./small_architectures.ts";

const CROSS = "aarch64-linux-gnu-gcc", EMULATOR = "qemu-aarch64";
/** Where Debian's packages have the C library of arm64. */
const SYSTEM = "/usr/aarch64-linux-gnu";

const compiler = await findCompiler([CROSS]).catch(() => undefined), here = await kernelsHere();
const missing = typeof here === "string"
  ? here
  : !compiler
  ? `there is no ${CROSS}`
  : spawnSync(EMULATOR, ["--version"]).status !== 0
  ? `there is no ${EMULATOR}`
  : !existsSync(SYSTEM)
  ? `there is no ${SYSTEM}`
  : undefined;

if (missing) {
  Deno.test({ name: `native() on arm64 is left out: ${missing}`, ignore: true, fn() {} });
} else {
  await register(compiler!);
}

/** Registers the tests, on kernels of both precisions. */
async function register(compiler: Compiler): Promise<void> {
  const elsewhere = { name: "arm64", compiler, emulator: EMULATOR, system: SYSTEM };
  const programs = {
    fp32: await builtElsewhere(elsewhere, "fp32"),
    bf16: await builtElsewhere(elsewhere, "bf16"),
  };

  engineLaws("native on arm64", () => Promise.resolve(openElsewhere(programs.fp32, 2)), {
    steps: 5,
  });

  Deno.test("native() on arm64 moves weights by its threads as plain JavaScript does", async () => {
    const engines = [openElsewhere(programs.fp32, 2), cpuEngine()];
    const moved = await Promise.all(engines.map(async (engine) => {
      // More than one thread moves alone, and no whole lines of them.
      const state = engine.allocate(layoutOf([{ name: "many", shape: [2 ** 17 + 5] }]), "training");
      for (const [step, size] of [1, 1e-6].entries()) {
        await state.write("gradients", normals(step, state.layout.size, size));
        await engine.optimise(state, { rate: 0.01, step: step + 1, beta1: 0.9, beta2: 0.999 });
      }
      return await state.read("weights");
    }));
    for (const engine of engines) await engine.close();
    assertNear("the weights", moved[0], moved[1], { least: 0 });
  });

  for (const precision of ["fp32", "bf16"] as const) {
    const open = (threads: number) => openElsewhere(programs[precision], threads);
    for (const [verb, law] of Object.entries(shapeLaws(() => open(1)))) {
      Deno.test(`native() in ${precision} on arm64 ${verb} as doubles do`, () => law(5));
    }

    for (const [id, build] of Object.entries(smallArchitectures)) {
      Deno.test(`native() in ${precision} on arm64 trains ${id} as it does here`, async () => {
        const shape = { genes: 60, length: 34 };
        const part = { architecture: build(shape), shape, cells: 3, key: keyOf(4) };
        const engines = [open(2), openEngine(await openKernels(undefined, precision), 2)];
        const runs = await Promise.all(engines.map((engine) => rehearse(engine, part, 2)));
        const [actual, expected] = runs.map(({ gradients }) => gradients);
        for (const engine of engines) await engine.close();
        // Those of the second step depend on what Adam did.
        for (const step of [0, 1]) {
          const apart = difference(actual[step], expected[step]);
          assert.ok(
            apart <= ALLOWED[precision],
            `gradients of step ${step + 1} differ by ${apart}`,
          );
        }
      });
    }
  }
}
