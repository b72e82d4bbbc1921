/**
 * Libraries in the cache folder: when each was last used, and which are of no use any more.
 *
 * @module
 */

import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Milliseconds of a day. */
const DAY = 24 * 60 * 60 * 1000;
/** A library that nobody has used for so long is removed. */
const UNUSED = 30 * DAY;
/** A folder that a build works in and that is older was left behind. */
const ABANDONED = DAY;

/** A library, and what lies beside it: its hash, a note that it was tried, the mark of its last use. */
const LIBRARY = /^([a-z]+-[0-9a-f]{16}\.so)(\.[a-z0-9]+)?$/;
const WORKPLACE = /^[a-z]+-[0-9a-f]{16}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Notes that a library is used now. A folder that cannot be written holds what it holds. */
export async function markUsed(path: string): Promise<void> {
  await writeFile(`${path}.used`, "used\n").catch(() => {});
}

/** A file or folder with the time when it was last changed, in milliseconds. */
export interface Dated {
  readonly name: string;
  readonly changed: number;
}

/**
 * The names of what is of no use any more: libraries none of whose files has changed for 30 days,
 * which the mark of their use does, and what builds left behind that were cut short.
 */
export function outOfUse(found: readonly Dated[], now: number): string[] {
  const last = new Map<string, number>(), keyOf = (name: string) => LIBRARY.exec(name)?.[1];
  for (const { name, changed } of found) {
    const key = keyOf(name);
    if (key !== undefined) last.set(key, Math.max(changed, last.get(key) ?? -Infinity));
  }
  return found.filter(({ name, changed }) => {
    const used = last.get(keyOf(name) ?? "");
    return used === undefined
      ? WORKPLACE.test(name) && now - changed > ABANDONED
      : now - used > UNUSED;
  }).map(({ name }) => name);
}

/**
 * Removes what is of no use any more. A process that still runs such a library goes on: what it has
 * loaded stays in memory.
 */
export async function prune(folder: string, now: number): Promise<void> {
  const names = await readdir(folder);
  const found = await Promise.all(
    names.filter((name) => LIBRARY.test(name) || WORKPLACE.test(name)).map(async (name) => {
      // Somebody else may have removed it.
      const changed = await stat(join(folder, name)).then(({ mtimeMs }) => mtimeMs, () => Infinity);
      return { name, changed };
    }),
  );
  await Promise.all(
    outOfUse(found, now).map((name) =>
      // What resists is tried again by the next build.
      rm(join(folder, name), { recursive: true, force: true }).catch(() => {})
    ),
  );
}
