/**
 * The events of a run on disk: a line of JSON each, and nothing in it that two runs of the same
 * experiment would tell differently. How long things took is kept elsewhere.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { InputError } from "../../core/errors.ts";
import type { RunEvent } from "../../core/events.ts";
import { decodeEvents, encodeEvent } from "../../core/report/event_lines.ts";
import { attempt } from "../attempt.ts";

/** A file of events that is open. */
export interface EventLog {
  append(event: RunEvent): void;
  /** Returns when everything is on the disk. */
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
    (open) =>
      Effect.sync(() => {
        fsyncSync(open);
        closeSync(open);
      }),
  ).pipe(
    Effect.map((open) => ({
      append: (event) => writeAll(open, encodeEvent(timeless(event))),
      sync: () => fsyncSync(open),
    })),
  );

/**
 * Takes a log back to what bookmarks count: how it started, and of each seed the first events. What
 * stays is returned. A line that was being written when the run stopped is none.
 *
 * @param counts Events that stay, by seed; of other seeds none.
 */
export const rewindLog = (file: string, counts: ReadonlyMap<number, number>) =>
  Effect.gen(function* () {
    const all = existsSync(file) ? yield* readLog(file) : [];
    const told = new Map<number, number>();
    const kept = all.filter((event) => {
      const seed = seedOf(event);
      if (seed === undefined) return event.type === "started";
      const count = (told.get(seed) ?? 0) + 1;
      told.set(seed, count);
      return count <= (counts.get(seed) ?? 0);
    });
    for (const [seed, count] of counts) {
      if ((told.get(seed) ?? 0) >= count) continue;
      return yield* new InputError({
        message:
          `Cannot go on with events "${file}": ${told.get(seed) ?? 0} of the ${count} that ` +
          `were told of seed ${seed} are there; begin the run anew in another folder`,
      });
    }
    yield* replaceLog(file, kept);
    return kept;
  });

/** Puts the events of a run that is over in order, seed by seed: side by side they come as they come. */
export const orderLog = (file: string, seeds: readonly number[]) =>
  Effect.gen(function* () {
    const place = (event: RunEvent) => {
      const seed = seedOf(event);
      return seed === undefined
        ? event.type === "started" ? -1 : seeds.length
        : seeds.indexOf(seed);
    };
    const events = yield* readLog(file);
    yield* replaceLog(file, events.toSorted((a, b) => place(a) - place(b)));
  });

/** The seed that an event is about. */
function seedOf(event: RunEvent): number | undefined {
  if (event.type === "score") return event.score.seed;
  return "seed" in event ? event.seed : undefined;
}

const readLog = (file: string) =>
  attempt(`Cannot read events "${file}"`, () => readFileSync(file, "utf8")).pipe(
    Effect.flatMap((text) =>
      Effect.try({
        try: () => decodeEvents(text),
        catch: (cause) =>
          new InputError({ message: `Cannot read events "${file}": ${(cause as Error).message}` }),
      })
    ),
  );

/** Writes a log anew: the old one is there until the new one is complete. */
const replaceLog = (file: string, events: readonly RunEvent[]) =>
  attempt(`Cannot write events "${file}"`, () => {
    const open = openSync(`${file}.part`, "w");
    try {
      for (const event of events) writeAll(open, encodeEvent(timeless(event)));
      fsyncSync(open);
    } finally {
      closeSync(open);
    }
    renameSync(`${file}.part`, file);
  });

function writeAll(file: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let from = 0; from < bytes.length;) from += writeSync(file, bytes, from);
}
