/**
 * How often a run is kept.
 *
 * @module
 */

import { Effect } from "effect";
import { ExperimentError } from "../../core/errors.ts";

/** After so many steps or seconds of a training; at the end of a leg in any case. */
export type Interval = { readonly steps: number } | { readonly seconds: number };

const SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

/** An interval in words: "500 steps", "30s", "5min", "2 h". */
export const intervalOf = Effect.fnUntraced(function* (words: string) {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(steps?|s|min|h)\s*$/.exec(words);
  const count = Number(found?.[1]), unit = found?.[2] ?? "";
  if (count > 0) {
    if (unit in SECONDS) return { seconds: count * SECONDS[unit] } as Interval;
    if (Number.isInteger(count)) return { steps: count } as Interval;
  }
  return yield* new ExperimentError({
    message: `Cannot keep a run every "${words}": write steps or a time, such as "5min"`,
  });
});
