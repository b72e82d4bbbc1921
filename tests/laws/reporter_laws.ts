/**
 * What holds of every reporter.
 *
 * @module
 */

import { Effect } from "effect";
import fc from "fast-check";
import { decodeEvents, encodeEvent } from "../../core/report/event_lines.ts";
import type { RunEvent } from "../../core/events.ts";
import type { Kinds } from "../../core/plugin.ts";
import { Screen } from "../../streams/console/screen.ts";
import { assertSame } from "../first_difference.ts";
import { finishedRun, oddEvents } from "./run_events.ts";
import { type SpyScreen, spyScreen } from "./spy_screen.ts";

/**
 * Registers the laws of a reporter as tests: whatever events come, in whatever order, none makes it
 * throw, on a terminal or in a pipe; and what it shows of a run is what it shows of the same events
 * read back from a file.
 *
 * @param make Makes one, as an experiment would; called anew for every check.
 * @param elsewhere What it has written other than to the screen, after it was closed; this is
 *   forgotten once it is read.
 */
export function reporterLaws(
  name: string,
  make: () => Kinds["reporter"],
  elsewhere: () => string = () => "",
): void {
  async function shown(events: readonly RunEvent[], screen: SpyScreen): Promise<string[]> {
    await report(make(), events, screen);
    return [screen.printed(), screen.told(), elsewhere()];
  }

  Deno.test(`${name} never fails a run`, () =>
    fc.assert(
      fc.asyncProperty(
        oddEvents(),
        fc.constantFrom("pipe" as const, "terminal" as const),
        fc.integer({ min: 1, max: 200 }),
        async (events, kind, columns) => {
          await shown(events, spyScreen(kind, columns));
        },
      ),
    ));

  Deno.test(`${name} shows of recorded events what it showed of the run`, () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(finishedRun(), oddEvents()), async (events) => {
        const recorded = decodeEvents(events.map(encodeEvent).join(""));
        const live = await shown(events, spyScreen("pipe"));
        assertSame(await shown(recorded, spyScreen("pipe")), live);
      }),
    ));
}

/** Opens a reporter, tells it the events, one a second, and closes it. */
export function report(
  reporter: Kinds["reporter"],
  events: readonly RunEvent[],
  screen: SpyScreen,
): Promise<void> {
  const telling = Effect.flatMap(reporter, (listen) =>
    Effect.sync(() => {
      for (const event of events) {
        listen(event);
        screen.wait(1);
      }
    }));
  return Effect.runPromise(
    Effect.scoped(telling).pipe(Effect.provideService(Screen, screen)),
  );
}
