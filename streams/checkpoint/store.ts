/**
 * The checkpoints of a run: `seed-1/000012/` holds a bookmark, and a manifest that says what it
 * belongs to and what every byte of it must be.
 *
 * @module
 */

import { join } from "node:path";
import { explain } from "../explain.ts";
import { queue } from "../engine/queue.ts";
import type { Bookmark } from "./bookmark.ts";
import { Damage } from "./damage.ts";
import { type Disk, localDisk } from "./disk.ts";
import type { Identity } from "./identity.ts";
import { readBookmark } from "./read_bookmark.ts";
import { discard, lookAt, makeShelf, nameOf, shelfOf, tidy } from "./shelf.ts";
import { writeCheckpoint } from "./write_checkpoint.ts";

/** The newest sound checkpoint, if one is sound. */
export interface Found {
  /** Where the seed is to go on; undefined where no checkpoint is sound. */
  readonly bookmark: Bookmark | undefined;
  /** What a reader should know, a sentence each: checkpoints passed over, versions that are new. */
  readonly notes: readonly string[];
}

/** Checkpoints of a run, in order. */
export interface Checkpoints {
  /**
   * Writes a checkpoint: complete and on the disk, or not there at all; then removes all but the
   * last ones. One is written after the other, however many are asked for at once.
   *
   * @throws InputError when the disk refuses; the checkpoints before it are as they were.
   */
  write(bookmark: Bookmark): Promise<void>;
  /**
   * The newest sound checkpoint of a seed; undefined where none was ever begun.
   *
   * @throws InputError when a sound one belongs to something else, and when access is denied.
   */
  newest(seed: number): Promise<Found | undefined>;
}

/**
 * The checkpoints in `folder` that belong to `identity`; no folder is made before one is written.
 *
 * @param options.keep How many to keep of a seed.
 */
export function openCheckpoints(
  folder: string,
  identity: Identity,
  options: { readonly keep?: number; readonly disk?: Disk } = {},
): Checkpoints {
  const { keep = 3, disk = localDisk } = options;
  const inTurn = queue();
  /** Paths of checkpoints that were seen to be damaged: they do not count among those kept. */
  const damaged = new Set<string>();

  async function write(bookmark: Bookmark): Promise<void> {
    const shelf = shelfOf(folder, bookmark.seed), places = await lookAt(disk, shelf);
    const path = join(shelf, nameOf(1 + (places[0]?.number ?? 0)));
    try {
      if (places.length === 0) await makeShelf(disk, shelf);
      // Space first: what is left of earlier writing may be what fills the disk.
      await tidy(disk, shelf, places);
      await writeCheckpoint(disk, path, { bookmark, identity });
    } catch (cause) {
      throw explain(`Cannot write checkpoint "${path}"`, cause) ?? cause;
    }
    const whole = places.filter(({ kind }) => kind === "whole")
      .map(({ name }) => join(shelf, name));
    const kept = [path, ...whole.filter((path) => !damaged.has(path))].slice(0, keep);
    for (const path of whole.filter((path) => !kept.includes(path))) await discard(disk, path);
  }

  async function newest(seed: number): Promise<Found | undefined> {
    const shelf = shelfOf(folder, seed), passed: string[] = [];
    for (const { name, kind } of await lookAt(disk, shelf)) {
      const path = join(shelf, name);
      try {
        if (kind === "old") continue;
        if (kind === "part") throw new Damage({ message: "it was not finished" });
        const { bookmark, notes } = await readBookmark(disk, path, { seed, identity });
        return { bookmark, notes: [...passed, ...notes] };
      } catch (cause) {
        if (!(cause instanceof Damage)) throw cause;
        damaged.add(path);
        passed.push(`Cannot use checkpoint "${path}": ${cause.message}`);
      }
    }
    return passed.length > 0 ? { bookmark: undefined, notes: passed } : undefined;
  }

  return {
    write: (bookmark) => inTurn(() => write(bookmark)),
    newest: (seed) => inTurn(() => newest(seed)),
  };
}
