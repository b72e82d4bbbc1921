/**
 * Everything that comes, one after the other.
 *
 * @module
 */

import { Effect, Stream } from "effect";
import { InputError } from "../../core/errors.ts";
import { attemptAsync } from "../attempt.ts";

/**
 * Calls `use` with everything that comes, and waits for it each time; what it throws becomes an
 * `InputError` that begins with `doing`. What the items throw comes out as it is. May be interrupted
 * between two items.
 */
export const inTurn = <A>(
  doing: string,
  items: AsyncIterable<A>,
  use: (item: A) => Promise<void>,
): Effect.Effect<void, InputError> => {
  const pause = pauses();
  return Stream.fromAsyncIterable(items, (cause) => cause).pipe(
    Stream.catch((cause) => cause instanceof InputError ? Stream.fail(cause) : Stream.die(cause)),
    Stream.runForEach((item) => Effect.andThen(attemptAsync(doing, () => use(item)), pause)),
  );
};

/** Milliseconds between two pauses: one takes half a millisecond, as long as a dozen cells. */
const BETWEEN = 20;

/** Pauses now and then: sources that never wait would leave no moment for an interruption to be heard. */
function pauses(): Effect.Effect<void> {
  let last = performance.now();
  return Effect.suspend(() => {
    const now = performance.now();
    if (now - last < BETWEEN) return Effect.void;
    last = now;
    return Effect.yieldNow;
  });
}
