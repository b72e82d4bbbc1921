/**
 * One run at a time in a folder.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { attemptAsync } from "../attempt.ts";
import { tryLock } from "../platform.ts";

/** The file that is locked; it stays, empty, and means nothing by being there. */
const LOCK_FILE = "lock";

/**
 * Keeps everybody else out of a folder for as long as the scope lasts. The operating system holds the
 * lock for the process: however that ends, the folder is free again.
 *
 * @param name What people call it.
 */
export const lockFolder = (
  folder: string,
  name = `run "${folder}"`,
): Effect.Effect<void, InputError, Scope.Scope> =>
  Effect.acquireRelease(
    attemptAsync(`Cannot lock ${name}`, async () => {
      const unlock = await tryLock(join(folder, LOCK_FILE));
      if (unlock !== undefined) return unlock;
      throw new InputError({
        message: `Cannot use ${name}: another process works in it; wait for it to end`,
      });
    }),
    (unlock) => Effect.sync(unlock),
  ).pipe(Effect.asVoid);
