/**
 * A folder that appears when it is complete.
 *
 * @module
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { InputError } from "../../core/errors.ts";

/** A folder in the making. */
export interface Staging {
  /** Where to write; on the same disk as the folder it will be. */
  readonly path: string;
  /** Gives it its name. */
  publish(): void;
  /** Removes it, unless it is published, and what it was made in. */
  discard(): void;
}

/** Where a folder is or will be: a link to one is where it leads. */
export const placeOf = (folder: string): string =>
  existsSync(folder) ? realpathSync(folder) : resolve(folder);

/** Makes a hidden folder beside `folder`, which must not exist or be empty. */
export function openStaging(folder: string): Staging {
  checkVacant(folder);
  const target = placeOf(folder), parent = dirname(target);
  mkdirSync(parent, { recursive: true });
  // The folder itself has the mode that folders have; a temporary one is its owner's alone.
  const above = mkdtempSync(join(parent, `.${basename(target)}-`)), path = join(above, "atlas");
  mkdirSync(path);
  return {
    path,
    publish: () => publish(path, folder),
    discard: () => rmSync(above, { recursive: true, force: true }),
  };
}

/** Whether there is something where a folder is to be. */
export function isFilled(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}

/** Throws an `InputError` unless `folder` does not exist, or is empty and another can take its place. */
export function checkVacant(folder: string): void {
  const why = whyTaken(folder);
  if (why !== undefined) {
    throw new InputError({ message: `Cannot write atlas "${folder}": ${why}` });
  }
}

function whyTaken(folder: string): string | undefined {
  if (!existsSync(folder)) {
    return lstatSync(folder, { throwIfNoEntry: false }) &&
      "it is a link to a folder that does not exist; make that folder or remove the link";
  }
  if (isMountPoint(placeOf(folder))) return "it is a mount point; name a folder in it";
  return isFilled(folder) ? "the folder is not empty; name another or remove it" : undefined;
}

/** Whether a disk begins here: nothing else can get the name of such a folder. */
const isMountPoint = (place: string): boolean =>
  statSync(place).dev !== statSync(dirname(place)).dev;

/** Gives the folder at `path` the name `folder`, which nothing or an empty folder has. */
export function publish(path: string, folder: string): void {
  const target = placeOf(folder);
  syncFolder(path);
  if (existsSync(target)) rmdirSync(target);
  renameSync(path, target);
  syncFolder(dirname(target));
}

/** Brings the names in a folder to the disk, where the system can open one. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
