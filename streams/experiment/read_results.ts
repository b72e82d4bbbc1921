/**
 * The results of a run from what it left.
 *
 * @module
 */

import { Effect } from "effect";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { decodeEvents } from "../../core/report/event_lines.ts";
import { InputError } from "../../core/errors.ts";
import { type Results, resultsOf } from "../../core/report/results.ts";
import { attempt } from "../attempt.ts";

/** The file of events within the folder of a run. */
export const EVENTS_FILE = "events.jsonl";

/** Reads the events of a run, from its folder or the file itself, and folds them. */
export const readResults = Effect.fnUntraced(function* (path: string) {
  const doing = `Cannot read run "${path}"`;
  const text = yield* attempt(doing, () => {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
    return readFileSync(isFolder ? join(path, EVENTS_FILE) : path, "utf8");
  });
  const events = yield* Effect.try({
    try: () => decodeEvents(text),
    catch: (cause) => new InputError({ message: `${doing}: ${(cause as Error).message}` }),
  });
  const results: Results | undefined = resultsOf(events);
  if (results !== undefined) return results;
  return yield* new InputError({ message: `${doing}: no run has started in it` });
});
