/**
 * The engine `native` in tests: from sources as they are, where there is a compiler.
 *
 * @module
 */

import type { Engine } from "../core/model/program.ts";
import { candidates, findCompiler } from "../plugins/engines/native/compiler.ts";
import { openEngine } from "../plugins/engines/native/engine.ts";
import { type Kernels, openKernels } from "../plugins/engines/native/kernels.ts";

/** The kernels; what is missing, as a sentence, where there is no compiler. Sources must compile. */
export async function kernelsHere(): Promise<Kernels | string> {
  const missing = await findCompiler(candidates()).then(() => undefined, (error: Error) => error);
  return missing ? missing.message : await openKernels();
}

/** Registers tests on the kernels; skips them, saying why, where they cannot be compiled. */
export async function withNative(register: (open: (threads: number) => Engine) => void) {
  const found = await kernelsHere();
  if (typeof found !== "string") return register((threads) => openEngine(found, threads));
  Deno.test({ name: `native() is left out: ${found}`, ignore: true, fn() {} });
}
