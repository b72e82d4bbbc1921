/**
 * Runs an operator to its end.
 *
 * @module
 */

import { from, lastValueFrom, type OperatorFunction, toArray } from "rxjs";

/** What comes out of an operator when these values go in. */
export function through<A, B>(operator: OperatorFunction<A, B>, ...values: A[]): Promise<B[]> {
  return lastValueFrom(from(values).pipe(operator, toArray()));
}
