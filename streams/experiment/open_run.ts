/**
 * From an experiment to a run: its data opened, its engine chosen, its architecture fitted into memory.
 *
 * @module
 */

import { Effect } from "effect";
import type { Experiment } from "../../core/experiment.ts";
import { failed } from "../../core/failed.ts";
import { type Layout, layoutOf } from "../../core/model/program.ts";
import { make, pluginsFrom, type Registry } from "../../core/registry.ts";
import { openEngines } from "../engine/choose.ts";
import { bytesOf, fit, freeMemory } from "../engine/memory.ts";
import { learner } from "../learner.ts";
import type { Run } from "../run.ts";
import { firstWeights } from "../weights/first_weights.ts";
import { openData } from "./open_data.ts";

/** What computes, as a reader is told. */
export interface Computing {
  readonly engine: string;
  readonly notes: readonly string[];
}

/** A run that may start. */
export interface OpenedRun {
  readonly run: Run;
  readonly engine: Computing;
  readonly layout: Layout;
  /** Weights that every seed begins with; undefined where each draws its own. */
  readonly first: Float32Array | undefined;
  /** The experiment with everything in it that this machine decided. */
  readonly resolved: Experiment;
  /** The modules of plugins that numbers may depend on: not those with nothing but reporters. */
  readonly modules: readonly string[];
}

/** Opens everything that an experiment names, for as long as the scope lasts. */
export const openRun = Effect.fnUntraced(function* (experiment: Experiment, registry: Registry) {
  const build = yield* make(registry, "architecture", experiment.architecture);
  const data = yield* openData(experiment, registry), { vocabulary } = data.source;
  const lanes = Array.from({ length: Math.min(experiment.parallel, experiment.seeds.length) });
  const memory = experiment.memory === null ? freeMemory() : bytesOf(experiment.memory);
  const { engines, notes, use } = yield* openEngines(registry, experiment.engine, lanes.length);
  const shape = { genes: vocabulary.symbols.length, length: experiment.length + 1 };
  const architecture = build(shape), layout = layoutOf(architecture.weights);
  const origin = yield* firstWeights(experiment.from, { layout, vocabulary });
  const { cells, note } = yield* Effect.try({
    try: () =>
      fit({
        engine: engines[0],
        architecture,
        shape,
        batch: experiment.training.batch,
        memory,
        sides: lanes.length,
        microBatch: experiment.training.microBatch,
      }),
    catch: (cause) => cause,
  }).pipe(Effect.catch(failed));
  const run: Run = {
    ...data,
    learners: engines.map((engine) =>
      learner({ engine, architecture, shape, cells, first: origin.weights })
    ),
  };
  const engine: Computing = {
    engine: engines[0].name,
    notes: [...origin.notes, ...notes, ...(note === undefined ? [] : [note])],
  };
  const resolved: Experiment = {
    ...experiment,
    from: origin.from,
    engine: use,
    training: { ...experiment.training, microBatch: cells },
  };
  const modules = experiment.plugins.filter((name) =>
    pluginsFrom(registry, name).some(({ kind }) => kind !== "reporter")
  );
  return { run, engine, layout, first: origin.weights, resolved, modules } satisfies OpenedRun;
});
