/**
 * The events of a run on disk: a line of JSON each, and nothing in it that two runs of the same
 * experiment would tell differently. How long things took is kept elsewhere.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { closeSync, existsSync, fstatSync, fsyncSync, openSync } from "node:fs";
import { InputError } from "../../core/errors.ts";
import type { RunEvent } from "../../core/events.ts";
import { encodeEvent } from "../../core/report/event_lines.ts";
import { attempt } from "../attempt.ts";
import { explain } from "../explain.ts";
import { eventsIn, linesIn } from "./read_log.ts";
import { writeAll, writeWhole } from "../write_whole.ts";

/** A file of events that is open. What the disk refuses is an `InputError`. */
export interface EventLog {
  append(event: RunEvent): void;
  /** Returns when everything is on the disk; throws when the file has been removed meanwhile. */
  sync(): void;
}

/** The event without what depends on the machine and the day. */
export function timeless(event: RunEvent): RunEvent {
  if (event.type === "started") {
    const { estimate: _, ...rest } = event;
    return rest;
  }
  return event.type === "finished" ? { type: "finished" } : event;
}

/** Opens a log to append to it. */
export const openLog = (file: string): Effect.Effect<EventLog, InputError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(`Cannot write events "${file}"`, () => openSync(file, "a")),
    (open) => Effect.sync(() => closeSync(open)),
  ).pipe(
    Effect.map((open) => ({
      append: (event) => orExplain(file, () => writeAll(open, encodeEvent(timeless(event)))),
      sync: () =>
        orExplain(file, () => {
          if (fstatSync(open).nlink > 0) return fsyncSync(open);
          throw new InputError({
            message: `Cannot write events "${file}": somebody has removed it; ` +
              "begin the run anew, and leave its folder alone",
          });
        }),
    })),
  );

/** Runs `f`; what the disk refuses says what was attempted. */
function orExplain(file: string, f: () => void): void {
  try {
    f();
  } catch (cause) {
    throw explain(`Cannot write events "${file}"`, cause) ?? cause;
  }
}

/**
 * Takes a log back to what bookmarks count: how it started, and of each seed the first events. What
 * stays is returned, to be read before anything is appended.
 *
 * @param counts Events that stay, by seed; of other seeds none.
 */
export const rewindLog = (
  file: string,
  counts: ReadonlyMap<number, number>,
): Effect.Effect<Iterable<RunEvent>, InputError> => {
  const told = new Map<number, number>();
  function stays(event: RunEvent): boolean {
    const seed = seedOf(event);
    if (seed === undefined) return event.type === "started";
    const count = (told.get(seed) ?? 0) + 1;
    told.set(seed, count);
    return count <= (counts.get(seed) ?? 0);
  }
  function* first(): Generator<RunEvent> {
    for (const event of existsSync(file) ? eventsIn(file) : []) if (stays(event)) yield event;
    const lost = [...counts].find(([seed, count]) => (told.get(seed) ?? 0) < count);
    if (lost === undefined) return;
    throw new InputError({
      message: `Cannot go on with events "${file}": ${told.get(lost[0]) ?? 0} of the ${lost[1]} ` +
        `that were told of seed ${lost[0]} are there; begin the run anew in another folder`,
    });
  }
  return Effect.as(replaceLog(file, first()), { [Symbol.iterator]: () => eventsIn(file) });
};

/** Puts the events of a run that is over in order, seed by seed: side by side they come as they come. */
export const orderLog = (file: string, seeds: readonly number[]) => {
  const place = (event: RunEvent) => {
    const seed = seedOf(event);
    if (seed === undefined) return event.type === "started" ? -1 : seeds.length;
    return seeds.indexOf(seed);
  };
  // Passes over the file instead of a sort: it may be larger than memory.
  function* ordered(): Generator<string> {
    for (let next = -1; next <= seeds.length; next++) {
      for (const line of linesIn(file)) if (place(JSON.parse(line)) === next) yield line;
    }
  }
  return attempt(`Cannot write events "${file}"`, () => writeWhole(file, ordered()));
};

/** The seed that an event is about. */
function seedOf(event: RunEvent): number | undefined {
  if (event.type === "score") return event.score.seed;
  return "seed" in event ? event.seed : undefined;
}

/** Writes a log anew: the old one is there until the new one is complete. */
const replaceLog = (file: string, events: Iterable<RunEvent>) =>
  attempt(`Cannot write events "${file}"`, () => writeWhole(file, linesOf(events)));

function* linesOf(events: Iterable<RunEvent>): Generator<string> {
  for (const event of events) yield encodeEvent(timeless(event));
}
