/**
 * Runs an experiment file with the reporters that people and programs expect, and goes on with runs
 * that were stopped.
 *
 * @module
 */

import { Effect } from "effect";
import { join } from "node:path";
import type { Registry } from "../../core/registry.ts";
import { Screen } from "../console/screen.ts";
import { expectHeld, EXPERIMENT_FILE, heldBy } from "../run_folder/held.ts";
import { openRunFolder, type RunFolderOptions } from "../run_folder/run_folder.ts";
import { type Loaded, loadExperiment, type Overrides } from "./load_experiment.ts";
import { makeReporters } from "./make_reporters.ts";
import { runExperiment } from "./run_experiment.ts";

/** What a run prints and how it is kept. */
export interface RunOptions extends RunFolderOptions {
  /** What standard output gets: the table at the end, or every event as a line of JSON. */
  readonly results: "table" | "events";
}

/**
 * Runs the experiment in the file at `path`; progress goes to standard error.
 *
 * @param box The plugins that come with gil.
 */
export const runFile = Effect.fnUntraced(
  function* (
    path: string,
    box: Registry,
    options: RunOptions & { readonly overrides?: Overrides; readonly output?: string | undefined },
  ) {
    const { overrides = {}, output } = options;
    if (output !== undefined) yield* expectHeld(output, "nothing");
    const loaded = yield* loadExperiment(path, box, overrides);
    yield* runLoaded(loaded, output, options);
  },
  Effect.scoped,
);

/** Goes on with the run in a folder, to the same end as if it had never been stopped. */
export const resumeRun = Effect.fnUntraced(
  function* (folder: string, box: Registry, options: RunOptions) {
    yield* expectHeld(folder, "a run that has not finished");
    const loaded = yield* loadExperiment(join(folder, EXPERIMENT_FILE), box);
    yield* runLoaded(loaded, folder, { ...options, expects: "a run that has not finished" });
  },
  Effect.scoped,
);

const runLoaded = Effect.fnUntraced(function* (
  { experiment, registry }: Loaded,
  output: string | undefined,
  { results, ...keeping }: RunOptions,
) {
  const screen = yield* Screen, tell = (line: string) => screen.tell(`${line}\n`);
  const uses = [{ use: "progress" }, { use: results }];
  const listeners = yield* Effect.all(yield* makeReporters(uses, registry));
  if (output === undefined) return yield* runExperiment(experiment, registry, { listeners });
  const keep = Effect.fnUntraced(function* (opened: Parameters<typeof openRunFolder>[1]) {
    const folder = yield* openRunFolder(output, opened, keeping);
    folder.notes.forEach(tell);
    return folder;
  });
  const hint = Effect.map(heldBy(output), (held) => {
    // Interrupted while data is opened, a new run has no folder yet.
    if (held === "a run that has not finished") tell(`"gil resume ${output}" goes on with it`);
  });
  yield* runExperiment(experiment, registry, { listeners, keep }).pipe(
    Effect.onInterrupt(() => Effect.ignore(hint)),
  );
});
