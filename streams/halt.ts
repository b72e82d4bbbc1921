/**
 * How a seed ends before its end: where it has been kept, when the run is told to stop.
 *
 * @module
 */

import {
  catchError,
  concat,
  defer,
  EMPTY,
  type Observable,
  type OperatorFunction,
  takeUntil,
  throwError,
} from "rxjs";
import type { Keeper } from "./run.ts";

/** Thrown through everything that a seed does. */
const HALT = Symbol("halt");

/** Halts a seed whose run has been told to stop; emits nothing. */
export const haltWhereStopped = (keeper: Keeper | undefined): Observable<never> =>
  defer(() => keeper?.stopped() ? throwError(() => HALT) : EMPTY);

/** Halts a seed at once in the midst of what can be done again from its beginning. */
export const abandoned = <A>(keeper: Keeper | undefined, leg: Observable<A>): Observable<A> =>
  keeper === undefined
    ? leg
    : concat(leg.pipe(takeUntil(keeper.stopping)), haltWhereStopped(keeper));

/** Lets a seed that halts end as if it had nothing more to do. */
export const endWhereHalted = <A>(): OperatorFunction<A, A> =>
  catchError((cause) => cause === HALT ? EMPTY : throwError(() => cause));
