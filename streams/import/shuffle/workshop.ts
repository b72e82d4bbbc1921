/**
 * The working folder of an import: hidden, beside the atlas that it makes, and there until that is.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InputError } from "../../../core/errors.ts";
import { MANIFEST_FILE } from "../../atlas/manifest.ts";
import { checkVacant, isFilled, placeOf, publish } from "../../atlas/staging.ts";
import { attempt } from "../../attempt.ts";
import { lockFolder } from "../../run_folder/lock.ts";
import { type Progress, readProgress, writeProgress } from "./progress.ts";

/** A working folder that no other process uses. */
export interface Workshop {
  /** The folder that becomes the atlas. */
  readonly atlas: string;
  /** The file of cells that wait for their place. */
  readonly spill: string;
  /** What an earlier process has done of the same; undefined where this is the beginning. */
  readonly done: Progress | undefined;
  /** Why this is the beginning although something was there, as a sentence; else "". */
  readonly anew: string;
  /** Whether the atlas has its name already, and only the rest is to be removed. */
  readonly named: boolean;
  record(progress: Progress): void;
  /** Gives the atlas its name and removes the rest. */
  publish(): void;
  /** Removes everything. */
  discard(): void;
}

/** What is asked for, as hashes. */
export interface Asked {
  readonly request: string;
  readonly inputs: string;
}

/** The working folder of an import to `output`. */
export function workshopOf(output: string): string {
  const target = placeOf(output);
  return join(dirname(target), `.${basename(target)}.import`);
}

/** Whether a path leads into the working folder of an import. */
export const isInWorkshop = (path: string): boolean => /(^|[/\\])\.[^/\\]+\.import[/\\]/.test(path);

/** What an interrupted import to `output` has left, as sentences; none where nothing is left. */
export const keptInWords = (output: string): string[] =>
  existsSync(workshopOf(output))
    ? [`what is done is kept beside "${output}"; the same command goes on with it`]
    : [];

/** Throws an `InputError` where an import to `output` would come to nothing, whatever it reads. */
export function checkOutput(output: string): void {
  if (!existsSync(workshopOf(output))) checkVacant(output);
}

/**
 * Opens the working folder of an import to `output` and locks it until the scope closes. What is left
 * of another request, or of inputs that have changed, is removed.
 */
export const openWorkshop: (
  output: string,
  asked: Asked,
) => Effect.Effect<Workshop, InputError, Scope.Scope> = Effect.fnUntraced(
  function* (output: string, asked: Asked) {
    const doing = `Cannot write atlas "${output}"`, folder = workshopOf(output);
    yield* attempt(doing, () => mkdirSync(folder, { recursive: true }));
    yield* lockFolder(folder, `atlas "${output}"`);
    return yield* attempt(doing, () => openLocked(output, folder, asked));
  },
);

/** The parts of a working folder; the lock has a name of its own. */
const ATLAS = "atlas", SPILL = "cells", PROGRESS = "progress.json";

function openLocked(output: string, folder: string, asked: Asked): Workshop {
  if (!existsSync(folder)) {
    const why = "another process has just finished it";
    throw new InputError({ message: `Cannot use atlas "${output}": ${why}` });
  }
  const atlas = join(folder, ATLAS), spill = join(folder, SPILL), record = join(folder, PROGRESS);
  // The record goes last: as long as it is there, it is known what the rest is.
  const discard = () => [spill, atlas, record, folder].forEach(remove);
  const found = readProgress(record);
  const named = found?.complete === true && !existsSync(atlas) && isNamed(output, found);
  const anew = named ? "" : whyAnew(found, { ...asked, folder, record });
  const done = anew === "" ? found : undefined;
  if (!named && isFilled(output) && found === undefined) discard();
  if (!named) checkVacant(output);
  if (done === undefined) [record, spill, atlas].forEach(remove);
  if (!named) prepare(atlas, done);
  return {
    atlas,
    spill,
    done,
    anew,
    named,
    record: (progress) => writeProgress(record, progress),
    publish() {
      if (!named) publish(atlas, output);
      discard();
    },
    discard,
  };
}

/** Why what was found cannot be gone on with, as a sentence; "" where it can, or there is nothing. */
function whyAnew(
  found: Progress | undefined,
  asked: Asked & { readonly folder: string; readonly record: string },
): string {
  if (found === undefined) return existsSync(asked.record) ? begins("its record is damaged") : "";
  if (found.request !== asked.request) {
    return begins("what was begun has other inputs or options");
  }
  if (found.inputs !== asked.inputs) return begins("the inputs have changed since it was begun");
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const lost = sizeOf(join(asked.folder, SPILL)) < found.bytes ||
    found.shards.some(({ file, bytes }) => sizeOf(join(asked.folder, ATLAS, file)) !== bytes);
  return lost ? begins("a part of what was done is lost") : "";
}

const begins = (why: string): string => `begins anew: ${why}`;

/** Whether the atlas has its name: what is there has the same shards. */
function isNamed(output: string, { shards }: Progress): boolean {
  try {
    const manifest = JSON.parse(readFileSync(join(output, MANIFEST_FILE), "utf8"));
    return JSON.stringify(manifest.shards) === JSON.stringify(shards);
  } catch {
    return false;
  }
}

/** Leaves in the folder of the atlas only the shards that are finished. */
function prepare(atlas: string, done: Progress | undefined): void {
  mkdirSync(atlas, { recursive: true });
  const finished = done?.shards.map(({ file }) => file) ?? [];
  for (const name of readdirSync(atlas)) if (!finished.includes(name)) remove(join(atlas, name));
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
