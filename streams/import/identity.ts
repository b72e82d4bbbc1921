/**
 * What an import is made of, as hashes: two that are equal give the same atlas.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { ImportOptions } from "./import_options.ts";
import type { NamedInput } from "./name_inputs.ts";
import type { Asked } from "./shuffle/workshop.ts";

/** Changes when files of another make are written for the same inputs and options. */
const MAKE = 1;

/**
 * The hashes of what is asked for and of the files it is asked of, the mapping among them: their names,
 * sizes and times of change. How much memory may be taken changes nothing.
 */
export function identityOf(
  inputs: readonly NamedInput[],
  { memory: _, mapping, ...options }: ImportOptions,
  { shardBytes, symbols }: {
    readonly shardBytes: number | undefined;
    /** The vocabulary: a mapping may have it from a file of its own. */
    readonly symbols: readonly string[];
  },
): Asked {
  const mappings = mapping === undefined ? [] : [resolve(mapping)];
  const named = inputs.map(({ name, path }) => [name, resolve(path)]);
  return {
    request: hashOf([
      MAKE,
      named,
      mappings,
      Object.entries(options).toSorted(byName),
      shardBytes ?? null,
    ]),
    inputs: hashOf([symbols, ...[...inputs.map(({ path }) => path), ...mappings].map(filesOf)]),
  };
}

/** Every file below a path, or the file itself: its name, size and time of change. */
function filesOf(path: string): readonly (readonly [name: string, size: number, time: number])[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (!found.isDirectory()) return [["", found.size, found.mtimeMs]];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return [relative(path, file), stat?.size ?? 0, stat?.mtimeMs ?? 0];
    });
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

const hashOf = (what: unknown): string =>
  createHash("sha256").update(JSON.stringify(what)).digest("hex");
