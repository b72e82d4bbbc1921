/**
 * Calls into the file system as Effects, with failures that say what was attempted.
 *
 * @module
 */

import { Effect } from "effect";
import { InputError } from "../core/errors.ts";

/** What the operating system's words mean, for the ones that people meet. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "access is denied",
  EDQUOT: "no space on the disk is left to you",
  EEXIST: "it exists already",
  EIO: "the disk fails to read or write it",
  EISDIR: "it is a folder",
  EMFILE: "too many files are open",
  ENOENT: "there is no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is not a folder",
  EPERM: "it is not permitted",
  EROFS: "the disk is read-only",
};

/**
 * Runs `f`; what it throws becomes an `InputError` that begins with `doing`, for example
 * `Cannot read atlas "pbmc"`. An `InputError` comes out as it is; a programming error stays one.
 */
export function attempt<A>(doing: string, f: () => A): Effect.Effect<A, InputError> {
  return Effect.try({ try: f, catch: (cause) => cause }).pipe(
    Effect.catch((cause) => fail(doing, cause)),
  );
}

/** As `attempt`, for what takes time. */
export function attemptAsync<A>(
  doing: string,
  f: () => Promise<A>,
): Effect.Effect<A, InputError> {
  return Effect.tryPromise({ try: f, catch: (cause) => cause }).pipe(
    Effect.catch((cause) => fail(doing, cause)),
  );
}

/** The `InputError` for something thrown by the file system, or thrown as one; else undefined. */
export function explain(doing: string, cause: unknown): InputError | undefined {
  if (cause instanceof InputError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  // System calls fail with E… codes; Node's own ERR_… codes are a caller's mistakes.
  if (!/^E[A-Z0-9]+$/.test(code)) return undefined;
  return new InputError({ message: `${doing}: ${REASONS[code] ?? (cause as Error).message}` });
}

function fail(doing: string, cause: unknown): Effect.Effect<never, InputError> {
  const known = explain(doing, cause);
  return known ? Effect.fail(known) : Effect.die(cause);
}
