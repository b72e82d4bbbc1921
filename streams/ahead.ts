/**
 * The next item is prepared while the one before it is at work in threads of its own.
 *
 * @example The second item is begun when the first has been taken
 * ```ts
 * import { of, tap } from "rxjs";
 * import { ahead } from "gil";
 *
 * async function* numbers() {
 *   yield* [1, 2, 3];
 * }
 * const begun: number[] = [];
 * const doubled = ahead(numbers(), (n) => of(2 * n).pipe(tap(() => begun.push(n))));
 * for await (const n of doubled) {
 *   await new Promise((resolve) => setTimeout(resolve, 10));
 *   console.assert(begun.length === Math.min(3, n / 2 + 1));
 * }
 * ```
 *
 * @module
 */

import { lastValueFrom, type Observable } from "rxjs";

/**
 * What `prepare` makes last of each item, in order. Once one has been taken, the next is read and
 * prepared, and no more: at most one is ready that nobody has asked for.
 *
 * Whatever fails ahead of time fails when its item is asked for. Ending the iteration ends that of the
 * source; what was prepared is lost.
 */
export async function* ahead<A, B>(
  source: AsyncIterable<A>,
  prepare: (item: A) => Observable<B>,
): AsyncGenerator<B, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;

  async function next(): Promise<{ readonly ready: B } | undefined> {
    const turn = await iterator.next();
    if (!turn.done) return { ready: await lastValueFrom(prepare(turn.value)) };
    ended = true;
  }
  try {
    for (let coming = next();;) {
      const item = await coming;
      if (item === undefined) return;
      // A turn of the event loop later: whoever takes the item begins with it first.
      coming = new Promise((resolve) => setImmediate(resolve)).then(next);
      coming.catch(() => {});
      yield item.ready;
    }
  } finally {
    if (!ended) await iterator.return?.();
  }
}
