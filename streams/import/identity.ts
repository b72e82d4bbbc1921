/**
 * What an import is made of, as hashes: two that are equal give the same atlas.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { InputError } from "../../core/errors.ts";
import type { ImportOptions } from "./import_options.ts";
import type { NamedInput } from "./name_inputs.ts";
import { type Asked, isInWorkshop } from "./shuffle/workshop.ts";

/** Changes when files of another make are written for the same inputs and options. */
const MAKE = 1;

/** Files by path, each with its size and time of change. */
export type FileStates = ReadonlyMap<string, readonly [size: number, time: number]>;

/**
 * The hashes of what is asked for and of the files it is asked of, the mapping among them: their names,
 * sizes and times of change. How much memory may be taken changes nothing.
 */
export function identityOf(
  inputs: readonly NamedInput[],
  { memory: _, mapping, ...options }: ImportOptions,
  { shardBytes, symbols, files }: {
    readonly shardBytes: number | undefined;
    /** The vocabulary: a mapping may have it from a file of its own. */
    readonly symbols: readonly string[];
    readonly files: FileStates;
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
    inputs: hashOf([symbols, ...files]),
  };
}

/** Every file that is an input, lies below one, or is the mapping. */
export function filesOf(
  inputs: readonly NamedInput[],
  { mapping }: Pick<ImportOptions, "mapping">,
): FileStates {
  const paths = [...inputs.map(({ path }) => path), ...(mapping === undefined ? [] : [mapping])];
  return new Map(paths.flatMap(filesBelow).map((file) => [file, stateOf(file)]));
}

/**
 * Throws an `InputError` unless all of the files are as they were: what was read of them may be half of
 * the old and half of the new. Files that came since have not been read.
 */
export function checkUnchanged(files: FileStates): void {
  for (const [file, [size, time]] of files) {
    const now = stateOf(file);
    if (now[0] === size && now[1] === time) continue;
    throw new InputError({
      message: `Cannot import "${file}": it has changed while it was read; import it again`,
    });
  }
}

/** The file at a path, or every file below it but for what imports keep there while they work. */
function filesBelow(path: string): readonly string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [resolve(path)];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => resolve(join(entry.parentPath, entry.name)))
    .filter((file) => !isInWorkshop(relative(path, file)))
    .toSorted();
}

/** Size and time of change; those of a file that is not there are those of none. */
function stateOf(file: string): readonly [size: number, time: number] {
  const stat = statSync(file, { throwIfNoEntry: false });
  return [stat?.size ?? -1, stat?.mtimeMs ?? 0];
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

const hashOf = (what: unknown): string =>
  createHash("sha256").update(JSON.stringify(what)).digest("hex");
