/**
 * A stream of random numbers that were drawn elsewhere.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import type { Random } from "../core/random.ts";

type Kind = "bits" | "uniform" | "below" | "exponential" | "normal";

/** A stream that gives out what it is told, in order. */
export function told(
  numbers: { readonly [kind in Kind]?: readonly number[] | undefined },
): Random {
  const next = (kind: Kind) => {
    let i = 0;
    return () => {
      ok(i < (numbers[kind]?.length ?? 0), `no ${kind} number is left`);
      return numbers[kind]![i++];
    };
  };
  const uniform = next("uniform"), exponential = next("exponential");
  return {
    at() {},
    bits: next("bits"),
    uniform,
    below: next("below"),
    exponential,
    normal: next("normal"),
    fillUniforms: (out) => out.set(out.map(uniform)),
    fillExponentials: (out) => out.set(out.map(exponential)),
  };
}
