/**
 * What a source must do with whoever leaves it early, and with its files.
 *
 * @module
 */

import { fail, ok } from "node:assert/strict";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { Effect, type Scope } from "effect";
import type { GilError } from "../../core/errors.ts";
import type { Source } from "../../core/source.ts";
import { readFirst } from "./read_all.ts";

type Opening = Effect.Effect<Source, GilError, Scope.Scope>;

/** Registers the laws on closing a source, while it is read or not. */
export function lifeLaws(name: string, open: Opening): void {
  Deno.test(`${name} lets go of whoever reads when it is closed`, () => closeUnderReaders(open));

  Deno.test({
    name: `${name} closes its files when it is left early`,
    ignore: !existsSync("/proc/self/fd"),
    async fn() {
      const before = openFiles();
      await closeUnderReaders(Effect.tap(open, (source) =>
        Effect.promise(async () => {
          const opened = openFiles();
          for (const order of ["stored", [1, 2]] as const) {
            await readFirst(source, { batch: 1, order });
            await closed(opened);
          }
        })));
      await closed(before);
    },
  });
}

/**
 * Closes a source under three readers: the first waits for cells, the second goes on, the third
 * leaves. Throws unless those who read on are given cells, an end or a `RangeError`, and whoever
 * leaves an end.
 */
async function closeUnderReaders(open: Opening): Promise<void> {
  const { waiting, going, leaving } = await Effect.runPromise(Effect.scoped(
    Effect.flatMap(open, (source) =>
      Effect.promise(async () => {
        const [first, going, leaving] = [0, 1, 2].map(() =>
          source.read({ batch: 1, order: "stored" })[Symbol.asyncIterator]()
        );
        await going.next();
        await leaving.next();
        return { waiting: failureOf(first.next()), going, leaving };
      })),
  ));
  for (const failure of [waiting, failureOf(going.next())]) {
    const cause = await failure;
    ok(cause === undefined || cause instanceof RangeError, `next() of a closed source: ${cause}`);
  }
  const end = await leaving.return?.().catch((cause) =>
    fail(`return() of a closed source: ${cause}`)
  );
  ok(end?.done ?? true, "return() of a closed source is not the end");
}

/** Why a promise fails; undefined where it does not. */
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => undefined, (cause) => cause);

/** Moments for which tests beside this one may have files open: a leak stays longer. */
const PATIENCE = 200;

/** Waits until no file is open but those that were; fails with the first that stays. */
async function closed(before: ReadonlySet<string>): Promise<void> {
  let more = openFiles();
  for (let left = PATIENCE; left > 0; left--) {
    more = new Set([...more].filter((file) => !before.has(file) && openFiles().has(file)));
    if (more.size === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  ok(more.size === 0, `files stay open: ${[...more].join(", ")}`);
}

/** Databases in which the runtime keeps what it has compiled: opened at any time, and kept open. */
const OWN = /_cache_v\d+(-\w+)?$|\.sqlite(-\w+)?$/;

/** The regular files that this process has open, each with its number. */
function openFiles(): ReadonlySet<string> {
  return new Set(
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        const path = readlinkSync(`/proc/self/fd/${fd}`);
        return path.startsWith("/") && !path.startsWith("/dev/") && !path.startsWith("/proc/") &&
            !OWN.test(path)
          ? [`${fd} ${path}`]
          : [];
      } catch {
        return [];
      }
    }),
  );
}
