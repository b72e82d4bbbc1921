/**
 * The results of a run from what it left.
 *
 * @module
 */

import { Effect } from "effect";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { type Results, resultsOf } from "../../core/report/results.ts";
import { eventsIn } from "../run_folder/read_log.ts";
import { secondsOf } from "../run_folder/stopwatch.ts";
import { attempt } from "../attempt.ts";

/** The file of events within the folder of a run. */
export const EVENTS_FILE = "events.jsonl";

/** Reads the events of a run, from its folder or the file itself, and folds them. */
export const readResults = Effect.fnUntraced(function* (path: string) {
  const doing = `Cannot read run "${path}"`;
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  const file = isFolder ? join(path, EVENTS_FILE) : path;
  const results = yield* attempt(doing, () => resultsOf(eventsIn(file)));
  if (results !== undefined) {
    return { ...results, seconds: results.seconds ?? secondsOf(dirname(file)) } satisfies Results;
  }
  return yield* new InputError({ message: `${doing}: no run has started in it` });
});
