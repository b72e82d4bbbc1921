import { built } from "../plugins/engines/native/build.ts";
import { candidates, findCompiler } from "../plugins/engines/native/compiler.ts";
import { openEngine } from "../plugins/engines/native/engine.ts";
import { recipeOf } from "../plugins/engines/native/kernels.ts";
import { loadKernels } from "../plugins/engines/native/library.ts";
import { cacheFolder } from "../streams/reading/cached_atlas.ts";
import { withNative } from "./native_opened.ts";
import { shapeLaws } from "./native_shapes.ts";

await withNative((open) => {
  for (const [verb, law] of Object.entries(shapeLaws(() => open(1)))) {
    Deno.test(`native() ${verb} as doubles do, both ways`, () => law(60));
  }

  /** Vectors of other widths than this processor's: those of any other, and of AVX-512 in pieces. */
  const others = { narrow: recipeOf(0), wide: recipeOf(0, ["-D__AVX512F__", "-Wno-psabi"]) };
  for (const [width, recipe] of Object.entries(others)) {
    const compiled = findCompiler(candidates())
      .then((compiler) => built(recipe, compiler, cacheFolder()));
    const kernels = async () => ({ library: loadKernels(await compiled), level: width });
    Deno.test(`native() computes the same in ${width} vectors`, async () => {
      const found = await kernels();
      for (const law of Object.values(shapeLaws(() => openEngine(found, 1)))) await law(20);
    });
  }
});
