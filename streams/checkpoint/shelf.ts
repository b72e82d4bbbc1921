/**
 * The folder that holds the checkpoints of one seed: `000001`, `000002`, …; a name that goes on with
 * `.part` is being written, one with `.old` is being removed.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { codeOf, explain } from "../explain.ts";
import type { Disk } from "./disk.ts";

/** What follows the number of a checkpoint that is not complete yet. */
export const PART = ".part";

/** What follows the number of a checkpoint that is not complete any more. */
const OLD = ".old";

/** The folder of a seed's checkpoints. */
export const shelfOf = (folder: string, seed: number): string => join(folder, `seed-${seed}`);

/** A folder of a shelf. */
export interface Place {
  readonly number: number;
  /** Its name, with what follows the number. */
  readonly name: string;
  readonly kind: "whole" | "part" | "old";
}

/** The name of a checkpoint: names sort as numbers do, for the first million. */
export const nameOf = (number: number): string => String(number).padStart(6, "0");

/**
 * What is on a shelf, the newest first; nothing where there is no shelf.
 *
 * @throws InputError where it cannot be read.
 */
export async function lookAt(disk: Disk, shelf: string): Promise<Place[]> {
  let names: readonly string[];
  try {
    names = await disk.names(shelf);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return [];
    throw explain(`Cannot read checkpoints "${shelf}"`, cause) ?? cause;
  }
  return names.flatMap((name) => placeOf(name) ?? []).sort((a, b) => b.number - a.number);
}

/** The place that a name stands for; names of any other form are none of ours. */
function placeOf(name: string): Place | undefined {
  const found = /^(\d{6,15})(\.part|\.old)?$/.exec(name);
  if (!found) return undefined;
  const kind = found[2] === PART ? "part" : found[2] === OLD ? "old" : "whole";
  return { number: Number(found[1]), name, kind };
}

/** Makes a shelf in a run's folder, so that a power cut does not take it away. */
export async function makeShelf(disk: Disk, shelf: string): Promise<void> {
  // Not the run's folder: if somebody has removed it, a new one would hold nothing but this.
  for (const folder of [dirname(shelf), shelf]) await disk.makeFolder(folder);
  for (const above of [dirname(shelf), dirname(dirname(shelf))]) await disk.syncFolder(above);
}

/** Removes what is no whole checkpoint. */
export async function tidy(disk: Disk, shelf: string, places: readonly Place[]): Promise<void> {
  for (const { name } of places.filter(({ kind }) => kind !== "whole")) {
    await disk.remove(join(shelf, name));
  }
}

/**
 * Removes a checkpoint; it loses its name before it loses a file.
 *
 * @throws InputError when the disk refuses.
 */
export async function discard(disk: Disk, path: string): Promise<void> {
  try {
    await disk.rename(path, path + OLD);
    await disk.remove(path + OLD);
  } catch (cause) {
    throw explain(`Cannot remove checkpoint "${path}"`, cause) ?? cause;
  }
}
