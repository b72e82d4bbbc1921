/**
 * A folder that appears when it is complete.
 *
 * @module
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
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
  /** Removes it; nothing once it is published. */
  discard(): void;
}

/** Makes a hidden folder beside `folder`, which must not exist or be empty. */
export function openStaging(folder: string): Staging {
  const target = resolve(folder), parent = dirname(target);
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new InputError({
      message: `Cannot write atlas "${folder}": the folder is not empty; name another or remove it`,
    });
  }
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, `.${basename(target)}-`));
  return {
    path,
    publish() {
      syncFolder(path);
      if (existsSync(target)) rmdirSync(target);
      renameSync(path, target);
      syncFolder(parent);
    },
    discard: () => rmSync(path, { recursive: true, force: true }),
  };
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
