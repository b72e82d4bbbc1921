import { Effect, Schema } from "effect";
import type { RunEvent } from "../../core/events.ts";
import { reporter, setting } from "../../core/plugin.ts";
import { resultsOf } from "../../core/report/results.ts";
import { formats } from "../../core/report/tables/format.ts";
import { reportOf } from "../../core/report/tables/report.ts";
import { Screen } from "../../streams/console/screen.ts";

/** Prints what the run found to standard output when it finishes: circumstances, table, words. */
export const table = reporter({
  id: "table",
  purpose: "prints the scores of all methods as a table when the run finishes, and what they say",
  config: {
    format: setting(Schema.Literals(formats), "text", "how it is written"),
  },
  make: ({ format }) =>
    Effect.gen(function* () {
      const screen = yield* Screen;
      const events: RunEvent[] = [];
      return (event: RunEvent) => {
        // Steps say nothing about scores, and there are many of them.
        if (event.type !== "step") events.push(event);
        const results = event.type === "finished" ? resultsOf(events) : undefined;
        if (results === undefined) return;
        screen.print(reportOf(results, format, screen.output().columns).join("\n") + "\n");
      };
    }),
});
