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
  type Observable,
  type ObservableInput,
  of,
  repeat,
} from "rxjs";

/**
 * What `project` makes of each item, in order. The next item is pulled when the inner observable has
 * completed: at most one is outstanding, besides what the iterable itself reads ahead.
 *
 * Each subscription iterates anew. Unless the items have run out, ending it, whether by
 * unsubscribing or by an error anywhere, calls `return()` on the iterator once.
 */
export function paced<A, B>(
  source: AsyncIterable<A>,
  project: (item: A) => ObservableInput<B>,
): Observable<B> {
  return defer(() => {
    const iterator = source[Symbol.asyncIterator]();
    let ended = false;
    return defer(() => iterator.next()).pipe(
      concatMap((turn) => {
        if (!turn.done) return project(turn.value);
        ended = true;
        return EMPTY;
      }),
      repeat({ delay: () => ended ? EMPTY : of(undefined) }),
      finalize(() => {
        if (!ended) void iterator.return?.();
      }),
    );
  });
}
