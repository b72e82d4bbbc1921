/**
 * Kernels are believed when they have once computed here what plain JavaScript computes: compilers and
 * processors are more than anybody has tried.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import { tried } from "../../../streams/engine/trial.ts";
import { openEngine } from "./engine.ts";
import type { Kernels } from "./kernels.ts";

/**
 * Tries the kernels unless they have been tried before; a note beside the library says so.
 *
 * @throws InputError when they compute something else.
 */
export async function trusted(kernels: Kernels): Promise<void> {
  const note = `${kernels.path}.agrees`, hash = await readFile(`${kernels.path}.sha256`, "utf8");
  if (await readFile(note, "utf8").catch(() => undefined) === hash) return;
  const engine = openEngine(kernels, 2);
  try {
    await tried(engine);
  } finally {
    await engine.close();
  }
  // Where nothing can be written they are tried each time.
  await writeFile(note, hash).catch(() => {});
}
