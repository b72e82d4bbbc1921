/**
 * Small libraries and compilers of our own, for tests of what is built and kept.
 *
 * @module
 */

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Recipe } from "../plugins/engines/native/build.ts";
import { type Compiler, findCompiler } from "../plugins/engines/native/compiler.ts";
import { openLibrary } from "../streams/platform.ts";

/** A library of one function, so that building it is quick. */
export const recipe = (number: number): Recipe => ({
  name: "small",
  sources: { "small.c": `int number(void) { return ${number}; }\n` },
  flags: ["-O1", "-fPIC"],
  links: [],
});

/** What the function of such a library returns. */
export const numberIn = (path: string): number =>
  openLibrary(path, { number: { parameters: [], result: "i32" } }).number();

/** A compiler that says who it is and then does as a shell script does. */
export function compilerOf(folder: string, script: string): string {
  const command = join(folder, "cc");
  writeFileSync(command, `#!/bin/sh\n[ "$1" = --version ] && echo "cc 1" && exit 0\n${script}\n`);
  chmodSync(command, 0o755);
  return command;
}

const compiler = await findCompiler(["gcc", "clang"]).catch(() => undefined);

/** Registers a test that needs a compiler; skips it, saying so, where there is none. */
export function whereThereIsOne(claim: string, check: (compiler: Compiler) => Promise<void>) {
  const name = compiler ? claim : `${claim}: left out, as there is no compiler`;
  Deno.test({ name, ignore: !compiler, fn: () => check(compiler!) });
}
