/**
 * The few things that checkpoints ask of a disk, so that tests can let each of them fail.
 *
 * @module
 */

import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import process from "node:process";
import { codeOf } from "../explain.ts";

/** A file system. What fails throws with the operating system's word as `code`. */
export interface Disk {
  /** Makes a folder, where it is not there; the one above it must be. */
  makeFolder(path: string): Promise<void>;
  /** Makes a file; comes back when its bytes, not yet its name, are on the disk itself. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Comes back when the names in a folder are on the disk itself. */
  syncFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Names in a folder, in any order. */
  names(folder: string): Promise<readonly string[]>;
  read(path: string): Promise<Uint8Array>;
  /** Removes a file or a folder with all that is in it; nothing where there is none. */
  remove(path: string): Promise<void>;
}

/** The file system of this machine. */
export const localDisk: Disk = {
  makeFolder: async (path) => {
    await mkdir(path).catch((cause) => {
      if (codeOf(cause) !== "EEXIST") throw cause;
    });
  },
  async write(path, bytes) {
    const file = await open(path, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  async syncFolder(path) {
    if (process.platform === "win32") return; // folders cannot be opened there
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  rename,
  names: (folder) => readdir(folder),
  read: (path) => readFile(path),
  remove: (path) => rm(path, { recursive: true, force: true }),
};
