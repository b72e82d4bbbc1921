/**
 * A stream of random numbers that were drawn elsewhere.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import type { Random } from "../core/random.ts";

/** A stream that gives out what it is told, in order. */
export function told(
  numbers: { readonly [kind in keyof Random]?: readonly number[] | undefined },
): Random {
  const next = (kind: keyof Random) => {
    let i = 0;
    return () => {
      ok(i < (numbers[kind]?.length ?? 0), `no ${kind} number is left`);
      return numbers[kind]![i++];
    };
  };
  const names = ["bits", "uniform", "below", "exponential", "normal"] as const;
  const draws = Object.fromEntries(names.map((name) => [name, next(name)]));
  return { ...draws, at: () => {} } as unknown as Random;
}
