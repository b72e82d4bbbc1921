import { Effect, Schema } from "effect";
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { encodeEvent } from "../../core/report/event_lines.ts";
import type { RunEvent } from "../../core/events.ts";
import { reporter, setting } from "../../core/plugin.ts";
import { attempt } from "../../streams/attempt.ts";
import { Screen } from "../../streams/console/screen.ts";
import { writeAll } from "../../streams/write_whole.ts";

/** Appends every event of the run to a file, a line of JSON each; on the disk when the run ends. */
export const events = reporter({
  id: "events",
  purpose: "appends every event to a file as JSON lines, from which all else can be derived again",
  config: {
    file: setting(
      Schema.NonEmptyString,
      "events.jsonl",
      'where; its folder is made when it is missing; "-" is standard output',
    ),
  },
  make: ({ file }) => file === "-" ? toScreen : toFile(file),
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
