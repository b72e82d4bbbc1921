/**
 * What a run would be, without running it.
 *
 * @module
 */

import { Effect } from "effect";
import type { Registry } from "../../core/registry.ts";
import { loadExperiment, type Overrides } from "./load_experiment.ts";
import { makeReporters } from "./make_reporters.ts";
import { openRun } from "./open_run.ts";
import { told } from "./run_experiment.ts";

/**
 * Opens everything that an experiment file names, as a run would, and returns what the run would
 * say first. Fails with whatever would keep it from starting.
 */
export const checkFile = Effect.fnUntraced(
  function* (path: string, box: Registry, overrides: Overrides = {}) {
    const { experiment, registry } = yield* loadExperiment(path, box, overrides);
    yield* makeReporters(experiment.reporters, registry);
    const { run, engine } = yield* openRun(experiment, registry);
    return yield* Effect.promise(() => told(experiment, run, engine));
  },
  Effect.scoped,
);
