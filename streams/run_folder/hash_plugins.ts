/**
 * By what the plugins of a run are known again: it goes on with those that it began with.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { sha256Of } from "../checkpoint/manifest.ts";

/**
 * The hash of each file among the modules that an experiment names, by its name there; throws what the
 * file system throws.
 *
 * It does not cover what such a file imports, nor packages and addresses, which are no files here: that
 * these have changed between two lives of a run is not noticed.
 */
export function hashPlugins(modules: readonly string[]): Readonly<Record<string, string>> {
  const isUrl = (name: string) => name.startsWith("file:");
  const files = modules.filter((name) => isAbsolute(name) || isUrl(name));
  const read = (name: string) => readFileSync(isUrl(name) ? new URL(name) : name);
  return Object.fromEntries(files.map((name) => [name, sha256Of(read(name))]));
}
