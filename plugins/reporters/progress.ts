import { Effect, Schema } from "effect";
import type { RunEvent } from "../../core/events.ts";
import { reporter, setting } from "../../core/plugin.ts";
import { printable } from "../../core/report/printable.ts";
import {
  advance,
  type Progress,
  progressInWords,
  progressLine,
} from "../../core/report/progress.ts";
import type { Started } from "../../core/report/results.ts";
import { planInWords } from "../../core/report/run_in_words.ts";
import { Screen } from "../../streams/console/screen.ts";
import { openGauge, type Reading } from "../../streams/console/gauge.ts";

/**
 * Shows on standard error what the run will be and cost, then how far it is: a bar on a terminal, now
 * and then a line elsewhere.
 */
export const progress = reporter({
  id: "progress",
  purpose: "shows on standard error how far the run is: a bar on a terminal, lines elsewhere",
  config: {
    every: setting(
      Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)),
      5,
      "seconds between lines where there is no terminal",
    ),
  },
  make: ({ every }) =>
    Effect.gen(function* () {
      const screen = yield* Screen;
      const gauge = yield* openGauge(screen, every);
      let state: Progress | undefined;
      return (event: RunEvent) => {
        state = advance(state, event, screen.now());
        if (event.type === "started") gauge.aside(plan(event, screen));
        if (event.type === "warning") gauge.aside(`Warning: ${printable(event.message)}`);
        else if (event.type === "finished") gauge.hide();
        else if (state !== undefined) gauge.show(reading(state, screen));
      };
    }),
});

const plan = (run: Started, screen: Screen): string =>
  planInWords(run, screen.error().columns).join("\n");

function reading(state: Progress, screen: Screen): Reading {
  return {
    done: state.done,
    total: state.run.steps,
    line: (columns, bar) => progressLine(state, screen.now(), { columns, bar }),
    plain() {
      const { place, step, loss, speed, left } = progressInWords(state, screen.now());
      return [place, step, loss, speed, left].filter((piece) => piece !== "").join(", ");
    },
  };
}
