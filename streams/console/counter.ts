/**
 * Shows how much of something has been counted.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { clockTime } from "../../core/report/progress.ts";
import { Screen } from "./screen.ts";
import { openGauge } from "./gauge.ts";

/** Seconds between lines where there is no terminal. */
const EVERY = 5;

/** Opens a gauge for `noun`s: "1,024 of 4,096 cells", a bar, and the time that is left, once that can be told. */
export function openCounter(
  noun: string,
): Effect.Effect<(done: number, total: number) => void, never, Scope.Scope> {
  return Effect.gen(function* () {
    const screen = yield* Screen, gauge = yield* openGauge(screen, EVERY);
    let first: { readonly done: number; readonly at: number } | undefined;
    return (done: number, total: number) => {
      const place = `${done.toLocaleString("en")} of ${total.toLocaleString("en")} ${noun}`;
      // What was there before, and how long it took to begin, tell nothing of what is left.
      first ??= { done, at: screen.now() };
      const gained = done - first.done;
      const seconds = (screen.now() - first.at) / gained * (total - done);
      const left = gained > 0 ? `${clockTime(seconds)} left` : "";
      gauge.show({
        done,
        total,
        line(columns, bar) {
          const size = Math.min(30, columns - place.length - left.length - 2);
          return [place, ...(size < 4 ? [] : [bar(size)]), left].join(" ").slice(0, columns);
        },
        plain: () => [place, left].filter((piece) => piece !== "").join(", "),
      });
    };
  });
}
