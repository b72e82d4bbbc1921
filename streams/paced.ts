/**
 * The bridge from iteration to RxJS that keeps back-pressure.
 *
 * `from(iterable).pipe(concatMap(…))` pulls as fast as it can and queues: the whole file ends up in
 * memory behind a slow consumer. Here the next item is asked for when the last one is done with.
 *
 * @example A slow consumer never has more than one item outstanding
 * ```ts
 * import { delay, lastValueFrom, of, toArray } from "rxjs";
 * import { paced } from "gil";
 *
 * async function* numbers() {
 *   yield* [1, 2, 3];
 * }
 * const doubled = paced(numbers(), (n) => of(2 * n).pipe(delay(1)));
 * console.assert(String(await lastValueFrom(doubled.pipe(toArray()))) === "2,4,6");
 * ```
 *
 * @module
 */

import {
  concatMap,
  defer,
  EMPTY,
  finalize,
  NEVER,
  type Observable,
  type ObservableInput,
  of,
  repeat,
  takeUntil,
  tap,
} from "rxjs";

/**
 * What `project` makes of each item, in order. The next item is pulled when the inner observable has
 * completed: at most one is outstanding, besides what the iterable itself reads ahead.
 *
 * Each subscription iterates anew. Unless the items have run out, ending it, whether by
 * unsubscribing or by an error anywhere, calls `return()` on the iterator once.
 *
 * @param until Completes it when this emits while an item is waited for, even one that never comes; what
 * is being made of an item is waited for.
 */
export function paced<A, B>(
  source: AsyncIterable<A>,
  project: (item: A) => ObservableInput<B>,
  until: Observable<unknown> = NEVER,
): Observable<B> {
  return defer(() => {
    const iterator = source[Symbol.asyncIterator]();
    let ended = false, left = false;
    return defer(() => iterator.next()).pipe(
      takeUntil(until.pipe(tap(() => left = true))),
      concatMap((turn) => {
        if (!turn.done) return project(turn.value);
        ended = true;
        return EMPTY;
      }),
      repeat({ delay: () => ended || left ? EMPTY : of(undefined) }),
      finalize(() => {
        if (!ended) void leave(iterator);
      }),
    );
  });
}

/** Ends an iteration of which nobody hears any more: not of what goes wrong at its end either. */
async function leave<A>(iterator: AsyncIterator<A>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // Whoever subscribed has got an end of their own, and a rejection that nobody awaits would end
    // the process.
  }
}
