/**
 * Runs an experiment file with the reporters that people and programs expect.
 *
 * @module
 */

import { Effect } from "effect";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import type { Use } from "../../core/experiment.ts";
import { make, type Registry } from "../../core/registry.ts";
import { attempt } from "../attempt.ts";
import { guarded } from "../console/guarded.ts";
import { loadExperiment, type Overrides } from "./load_experiment.ts";
import { EVENTS_FILE } from "./read_results.ts";
import { runExperiment } from "./run_experiment.ts";
import { Screen } from "../console/screen.ts";

/** How a file is run. */
export interface RunOptions {
  readonly overrides?: Overrides;
  /** A new folder for the events and the complete experiment; nothing is kept unless given. */
  readonly output?: string | undefined;
  /** What standard output gets: the table at the end, or every event as a line of JSON. */
  readonly results?: "table" | "events";
}

/**
 * Runs the experiment in the file at `path`; progress goes to standard error.
 *
 * @param box The plugins that come with gil.
 */
export const runFile = Effect.fnUntraced(
  function* (path: string, box: Registry, options: RunOptions = {}) {
    const { overrides = {}, output, results = "table" } = options;
    const screen = yield* Screen;
    const { experiment, registry } = yield* loadExperiment(path, box, overrides);
    if (output !== undefined) yield* prepare(output, experiment);
    const uses: Use[] = [
      { use: "progress" },
      results === "table" ? { use: "table" } : { use: "events", file: "-" },
      ...(output === undefined ? [] : [{ use: "events", file: join(output, EVENTS_FILE) }]),
    ];
    const listeners = yield* Effect.forEach(
      uses,
      Effect.fnUntraced(function* (use) {
        const listen = yield* yield* make(registry, "reporter", use);
        return guarded(use.use, listen, (line) => screen.tell(`${line}\n`));
      }),
    );
    yield* runExperiment(experiment, registry, { listeners, output });
  },
  Effect.scoped,
);

/** Makes the folder of a run, which no other run may have used, and keeps the experiment in it. */
const prepare = Effect.fnUntraced(function* (output: string, experiment: unknown) {
  if (existsSync(join(output, EVENTS_FILE))) {
    return yield* new InputError({
      message: `Cannot write run "${output}": it holds a run already; name another folder`,
    });
  }
  yield* attempt(`Cannot write run "${output}"`, () => {
    mkdirSync(output, { recursive: true });
    writeFileSync(join(output, "experiment.json"), JSON.stringify(experiment, null, 2) + "\n");
  });
});
