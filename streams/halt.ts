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
  NEVER,
  type Observable,
  of,
  type OperatorFunction,
  takeUntil,
  throwError,
} from "rxjs";
import type { Keeper } from "./run.ts";

/** Thrown through everything that a seed does. */
const HALT = Symbol("halt");

/** Emits as soon as a run has been told to stop. */
export const toldToStop = (keeper: Keeper | undefined): Observable<unknown> =>
  defer(() => keeper?.stopped() ? of(HALT) : keeper?.stopping ?? NEVER);

/** Halts a seed whose run has been told to stop, when `first` is done; emits nothing. */
export const haltWhereStopped = (
  keeper: Keeper | undefined,
  first: Observable<never> = EMPTY,
): Observable<never> =>
  defer(() => keeper?.stopped() ? concat(first, throwError(() => HALT)) : EMPTY);

/** Halts a seed at once in the midst of what can be done again from its beginning. */
export const abandoned = <A>(keeper: Keeper | undefined, leg: Observable<A>): Observable<A> =>
  concat(leg.pipe(takeUntil(toldToStop(keeper))), haltWhereStopped(keeper));

/** Lets a seed that halts end as if it had nothing more to do. */
export const endWhereHalted = <A>(): OperatorFunction<A, A> =>
  catchError((cause) => cause === HALT ? EMPTY : throwError(() => cause));
