/**
 * Shows how far something is: a bar on a terminal, now and then a line elsewhere.
 *
 * @module
 */

import { Format, SingleBar } from "cli-progress";
import { Effect, type Scope } from "effect";
import type { Screen } from "./screen.ts";

/** How far something is, and how to say it. */
export interface Reading {
  readonly done: number;
  readonly total: number;
  /** A line of at most `columns` characters around a bar, which `bar` draws in a size. */
  line(columns: number, bar: (size: number) => string): string;
  /** The same without a bar. */
  plain(): string;
}

/** A place on standard error that shows the latest reading. */
export interface Gauge {
  show(reading: Reading): void;
  /** Writes a line that stays. */
  aside(text: string): void;
  /** Leaves the place as it was. */
  hide(): void;
}

/**
 * Opens a gauge; the terminal is as it was when the scope closes.
 *
 * @param every Seconds between lines where there is no terminal.
 */
export function openGauge(
  screen: Screen,
  every: number,
): Effect.Effect<Gauge, never, Scope.Scope> {
  return Effect.acquireRelease(
    Effect.sync(() => screen.error().isTerminal ? bar(screen) : lines(screen, every)),
    (gauge) => Effect.sync(() => gauge.hide()),
  );
}

function lines(screen: Screen, every: number): Gauge {
  let next = -Infinity;
  return {
    show(reading) {
      const now = screen.now();
      if (now < next) return;
      next = now + every;
      screen.tell(`${reading.plain()}\n`);
    },
    aside: (text) => screen.tell(`${text}\n`),
    hide: () => {},
  };
}

function bar(screen: Screen): Gauge {
  let latest: Reading | undefined;
  const shown = new SingleBar({
    stream: streamOf(screen),
    clearOnComplete: true,
    hideCursor: true,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    // One column stays free: behind a full line, terminals erase its last character.
    format: (options, { progress }) =>
      latest?.line(
        screen.error().columns - 1,
        (barsize) => Format.BarFormat(progress, { ...options, barsize }),
      ) ?? "",
  });
  return {
    show(reading) {
      latest = reading;
      if (shown.isActive) shown.update(reading.done);
      else shown.start(reading.total, reading.done);
    },
    aside(text) {
      // The bar comes back below the line with the next reading.
      shown.stop();
      screen.tell(`${text}\n`);
    },
    hide: () => shown.stop(),
  };
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
