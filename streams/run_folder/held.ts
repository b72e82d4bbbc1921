/**
 * What a folder holds of a run, before anybody works in it.
 *
 * @module
 */

import { Effect } from "effect";
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { encodeEvent } from "../../core/report/event_lines.ts";
import { attempt } from "../attempt.ts";
import { EVENTS_FILE } from "../experiment/read_results.ts";

/** The experiment within the folder of a run, with everything that the first machine decided. */
export const EXPERIMENT_FILE = "experiment.json";

/** Where an unfinished run goes on. */
export const CHECKPOINTS_FOLDER = "checkpoints";

/** What a folder may hold. */
export type Held = "nothing" | "a run that has not finished" | "a run that finished";

/** Looks at a folder without touching it; fails when it cannot be looked at. */
export const heldBy = (folder: string): Effect.Effect<Held, InputError> =>
  attempt(`Cannot read run "${folder}"`, () => {
    const events = join(folder, EVENTS_FILE);
    if (!existsSync(join(folder, EXPERIMENT_FILE))) {
      return existsSync(events) ? "a run that finished" : "nothing";
    }
    const over = existsSync(events) && !existsSync(join(folder, CHECKPOINTS_FOLDER)) &&
      endOf(events) === encodeEvent({ type: "finished" });
    return over ? "a run that finished" : "a run that has not finished";
  });

/** Refuses a folder that does not hold what a run begins in, or goes on with. */
export const expectHeld = Effect.fnUntraced(function* (
  folder: string,
  expected: Exclude<Held, "a run that finished">,
) {
  const held = yield* heldBy(folder);
  if (held === expected) return;
  const message = expected === "nothing"
    ? `Cannot write run "${folder}": it holds ${held}; ` +
      (held === "a run that finished" ? "" : `"gil resume ${folder}" goes on with it, or `) +
      "name another folder"
    : `Cannot resume run "${folder}": it holds ${held}; ` +
      (held === "nothing" ? "name the folder of a run" : "gil table shows what it found");
  return yield* new InputError({ message });
});

/** The end of a file, as long as the last event of a run. */
function endOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file),
      bytes = new Uint8Array(encodeEvent({ type: "finished" }).length);
    const read = readSync(file, bytes, 0, bytes.length, Math.max(0, size - bytes.length));
    return new TextDecoder().decode(bytes.subarray(0, read));
  } finally {
    closeSync(file);
  }
}
