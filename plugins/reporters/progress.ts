import { Format, SingleBar } from "cli-progress";
import { Effect, Schema, type Scope } from "effect";
import type { RunEvent } from "../../core/events.ts";
import { reporter, setting } from "../../core/plugin.ts";
import { advance, type Progress, progressInWords, progressLine } from "../../core/progress.ts";
import { Screen } from "../../streams/screen.ts";

/** Shows on standard error how far the run is: a bar on a terminal, now and then a line elsewhere. */
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
      return screen.error().isTerminal ? yield* bar(screen) : lines(screen, every);
    }),
});

/** A line at most every so many seconds; warnings at once. */
function lines(screen: Screen, every: number): (event: RunEvent) => void {
  let state: Progress | undefined, next = -Infinity;
  return (event) => {
    const now = screen.now();
    state = advance(state, event, now);
    if (event.type === "warning") screen.tell(`Warning: ${event.message}\n`);
    if (state === undefined || event.type !== "step" || now < next) return;
    next = now + every;
    const { place, step, loss, speed, left } = progressInWords(state, now);
    const pieces = [`${place} ${step}`, loss, speed, left].filter((piece) => piece !== "");
    screen.tell(`${pieces.join(", ")}\n`);
  };
}

/** A bar that is drawn again in its place; the terminal is as it was when the scope closes. */
function bar(screen: Screen): Effect.Effect<(event: RunEvent) => void, never, Scope.Scope> {
  let state: Progress | undefined;
  const shown = new SingleBar({
    stream: streamOf(screen),
    clearOnComplete: true,
    hideCursor: true,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    format: (options, { progress }) =>
      state === undefined ? "" : progressLine(state, screen.now(), {
        columns: screen.error().columns,
        bar: (barsize) => Format.BarFormat(progress, { ...options, barsize }),
      }),
  });

  function show(event: RunEvent): void {
    state = advance(state, event, screen.now());
    if (event.type === "warning") {
      shown.stop();
      screen.tell(`Warning: ${event.message}\n`);
    }
    if (event.type === "finished") shown.stop();
    else if (state !== undefined && shown.isActive) shown.update(state.done);
    else if (state !== undefined) shown.start(state.run.steps, state.done);
  }
  return Effect.acquireRelease(Effect.succeed(show), () => Effect.sync(() => shown.stop()));
}

/** Standard error as the bar wants it. */
function streamOf(screen: Screen): NodeJS.WritableStream {
  const stream = {
    isTTY: true,
    get columns() {
      return screen.error().columns;
    },
    write(text: string) {
      screen.tell(text);
      return true;
    },
  };
  return stream as unknown as NodeJS.WritableStream;
}
