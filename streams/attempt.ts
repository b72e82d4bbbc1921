/**
 * Calls into the file system as Effects, with failures that say what was attempted.
 *
 * @module
 */

import { Effect } from "effect";
import type { InputError } from "../core/errors.ts";
import { explain } from "./explain.ts";

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

function fail(doing: string, cause: unknown): Effect.Effect<never, InputError> {
  const known = explain(doing, cause);
  return known ? Effect.fail(known) : Effect.die(cause);
}
