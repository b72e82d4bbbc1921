import { Effect, Schema } from "effect";
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { encodeEvent } from "../../core/report/event_lines.ts";
import type { RunEvent } from "../../core/events.ts";
import { place, reporter, setting } from "../../core/plugin.ts";
import { attempt } from "../../streams/attempt.ts";
import { Screen } from "../../streams/console/screen.ts";
import { writeAll } from "../../streams/write_whole.ts";

/**
 * Appends every event of the run to a file, a line of JSON each; on the disk when the run ends. A run
 * that goes on is told there again from its start: whoever reads the file counts from the last "started".
 */
export const events = reporter({
  id: "events",
  purpose: "writes every event as a line of JSON, from which all else can be derived again",
  config: {
    file: place(setting(
      Schema.NullOr(Schema.NonEmptyString),
      null,
      "where; its folder is made when it is missing; standard output unless given",
    )),
  },
  make: ({ file }) => file === null ? toScreen : toFile(file),
});

const toScreen = Effect.gen(function* () {
  const screen = yield* Screen;
  return (event: RunEvent) => screen.print(encodeEvent(event));
});

const toFile = (file: string) =>
  Effect.acquireRelease(
    attempt(`Cannot write events "${file}"`, () => {
      mkdirSync(dirname(file), { recursive: true });
      return openSync(file, "a");
    }),
    (open) => Effect.sync(() => close(open)),
  ).pipe(Effect.map((open) => (event: RunEvent) => writeAll(open, encodeEvent(event))));

function close(file: number): void {
  try {
    // A pipe, or a device, has no disk below it.
    if (fstatSync(file).isFile()) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
