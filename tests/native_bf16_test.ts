import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linear } from "../core/model/composites/mod.ts";
import { layoutOf } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import { built, type Recipe } from "../plugins/engines/native/build.ts";
import { candidates, compile, findCompiler } from "../plugins/engines/native/compiler.ts";
import { openEngine } from "../plugins/engines/native/engine.ts";
import { type Kernels, LEVELS, openKernels, recipeOf } from "../plugins/engines/native/kernels.ts";
import { loadKernels } from "../plugins/engines/native/library.ts";
import { cacheFolder } from "../streams/reading/cached_atlas.ts";
import { ALLOWED, difference, rehearse } from "../streams/engine/rehearsal.ts";
import { roundedToBf16 } from "./bf16.ts";
import { attends } from "./native_attends.ts";
import { withNative } from "./native_opened.ts";
import { ran } from "./native_runs.ts";
import { shapeLaws } from "./native_shapes.ts";
import { smallArchitectures } from "./small_architectures.ts";

/** What AMX reads of its eight tiles: palette 1, 64 bytes a row, 16 rows. */
const SHAPES = Buffer.from(Uint8Array.from(
  { length: 64 },
  (_, i) => i === 0 ? 1 : i >= 48 && i < 56 ? 16 : i >= 16 && i < 32 && i % 2 === 0 ? 64 : 0,
));

/** What uses AMX, with tiles that any processor has. */
function withEmulatedTiles(recipe: Recipe): Recipe {
  const { sources } = recipe, name = "amx_in_c.h";
  const tiles = sources["tiles.h"].replace("<immintrin.h>", `"${name}"`);
  const emulated = readFileSync(new URL(name, import.meta.url), "utf8");
  return { ...recipe, sources: { ...sources, "tiles.h": tiles, [name]: emulated } };
}

/** Kernels of a build. */
type Loaded = Pick<Kernels, "library" | "level" | "precision">;

await withNative((fp32) => {
  async function loaded(recipe: Recipe): Promise<Loaded> {
    const path = await built(recipe, await findCompiler(candidates()), cacheFolder());
    return { library: loadKernels(path), level: "another", precision: "bf16" };
  }
  /** Those of this processor; of any; of AVX-512, whose vectors are made of shorter ones; of AMX. */
  const widths: Readonly<Record<string, () => Promise<Loaded>>> = {
    "this processor's": () => openKernels(undefined, "bf16"),
    narrow: () => loaded(recipeOf(0, [], "bf16")),
    wide: () => loaded(recipeOf(0, ["-D__AVX512F__", "-Wno-psabi"], "bf16")),
    "AMX's emulated": () => loaded(withEmulatedTiles(recipeOf(0, ["-D__AMX_BF16__"], "bf16"))),
  };
  for (const [width, open] of Object.entries(widths)) {
    Deno.test(`native() in bf16 computes what doubles do of rounded factors, in ${width} vectors`, async () => {
      const kernels = await open();
      const { attends, multiplies } = shapeLaws(() => openEngine(kernels, 1));
      await attends(25);
      await multiplies(25);
    });
  }

  Deno.test("native() in bf16 rounds to the nearest, to the even one of two, and keeps what is no number", async () => {
    const step = 2 ** -7, ties = [1 + step / 2, 1 + 3 * step / 2, -1 - step / 2, -1 - 3 * step / 2];
    const others = [0, -0, 1 / 3, 3.4e38, -3.4e38, 2 ** -126, NaN, Infinity, -Infinity];
    const numbers = Float32Array.from([...ties, ...others]), rows = numbers.length;
    // Beside zeros: products of a column by a row do not round.
    const x = Float32Array.from({ length: 2 * rows }, (_, i) => i % 2 ? 0 : numbers[i / 2]);
    for (const [width, open] of Object.entries(widths)) {
      const { value } = await ran(openEngine(await open(), 1), {
        weights: { x: [x, [rows, 2]], weight: [Float32Array.of(1, 1, 0, 0), [2, 2]] },
        fed: { dy: new Float32Array(2 * rows) },
        apply: ({ x, weight }) => ({
          value: linear(x as tf.Tensor2D, { weight, bias: tf.zeros([2]) }),
        }),
      });
      // Sums begin with 0, and 0 and -0 are 0.
      const expected = roundedToBf16(numbers).map((number) => number + 0);
      assert.deepEqual(value.filter((_, i) => i % 2 === 0), expected, width);
    }
  });

  Deno.test("native() in bf16 attends at every edge of its tiles, in heads of every size", async () => {
    const kernels = await openKernels(undefined, "bf16");
    const some = { cells: 1, heads: 2, rate: 0, size: 1, unpadded: 1 };
    for (const length of [1, 31, 32, 33, 64, 65, 96]) {
      for (const width of [8, 16, 17, 32, 33, 64, 128]) {
        await attends(openEngine(kernels, 1), { ...some, seed: length * width, length, width })
          .catch(({ message }: Error) =>
            assert.fail(`length ${length}, width ${width}: ${message}`)
          );
      }
    }
  });

  for (const [id, build] of Object.entries(smallArchitectures)) {
    Deno.test(`native() in bf16 has the gradients of fp32 for ${id}, tensor by tensor`, async () => {
      const shape = { genes: 60, length: 34 }, architecture = build(shape);
      const part = { architecture, shape, cells: 3, key: keyOf(4) };
      const engines = [fp32(2), openEngine(await openKernels(undefined, "bf16"), 2)];
      const rehearsed = engines.map((engine) => rehearse(engine, part, 1));
      const [[expected], [actual]] = (await Promise.all(rehearsed)).map((run) => run.gradients);
      for (const engine of engines) await engine.close();
      const all = difference(actual, expected), whole = Math.hypot(...expected);
      assert.ok(all > 0 && all <= ALLOWED.bf16, `all differ by ${all}`);
      for (const { name, offset, size } of layoutOf(architecture.weights).slots) {
        const slot = (gradients: Float32Array) => gradients.subarray(offset, offset + size);
        const apart = Math.hypot(...slot(actual).map((x, i) => x - slot(expected)[i]));
        // Gradients that norms cancel are nothing but rounding.
        const share = apart / Math.max(Math.hypot(...slot(expected)), 0.02 * whole);
        assert.ok(share <= 0.2, `those of ${name} differ by ${share}`);
      }
    });
  }

  Deno.test("every level compiles without a warning, as far as the compiler knows it", async () => {
    const compiler = await findCompiler(candidates());
    const folder = mkdtempSync(join(tmpdir(), "levels-"));
    try {
      const { sources } = recipeOf(0);
      for (const [file, text] of Object.entries(sources)) writeFileSync(join(folder, file), text);
      writeFileSync(join(folder, "empty.c"), "int nothing;\n");
      for (const [level, { name, flags: known }] of LEVELS.entries()) {
        const compiled = (file: string, flags: readonly string[]) =>
          compile(compiler, [...flags, "-c", "-o", join(folder, "made.o"), join(folder, file)]);
        const knows = await compiled("empty.c", known).then(() => true, () => false);
        if (!knows) continue;
        for (const precision of ["fp32", "bf16"] as const) {
          const { flags } = recipeOf(level, ["-O1", "-Wall", "-Wextra", "-Werror"], precision);
          for (const file of ["attention.c", "product_thin.c", `product_${precision}.c`]) {
            await compiled(file, flags)
              .catch(({ message }: Error) => assert.fail(`${name}, ${precision}: ${message}`));
          }
          if (name !== "AMX" || precision !== "bf16") continue;
          const whole = readFileSync(join(folder, "made.o")).includes(SHAPES);
          assert.ok(whole, "a compiler has left out how large tiles are");
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
