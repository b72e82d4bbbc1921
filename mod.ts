/**
 * gil: gene-incremental learning on streams of single cells, every part a plugin.
 *
 * @module
 */

export * from "./core/model/architecture.ts";
export * from "./core/batch.ts";
export * from "./core/curriculum.ts";
export * from "./core/distiller.ts";
export * from "./core/errors.ts";
export * from "./core/evaluator.ts";
export * from "./core/events.ts";
export * from "./core/experiment.ts";
export * from "./core/forgetting.ts";
export * from "./core/labelled_cells.ts";
export * from "./core/linear_probe.ts";
export * from "./core/nearest.ts";
export * from "./core/nearest_neighbours.ts";
export * from "./core/permutation.ts";
export * from "./core/plugin.ts";
export * from "./core/model/program.ts";
export * from "./core/quantities.ts";
export * from "./core/random.ts";
export * from "./core/registry.ts";
export * from "./core/replay.ts";
export * from "./core/sampler.ts";
export * from "./core/score_matrix.ts";
export * from "./core/source.ts";
export * from "./core/spread.ts";
export * from "./core/stage_tokens.ts";
export * from "./core/tokens.ts";
export * from "./core/uniform_sample.ts";
export * from "./core/vocabulary.ts";
export * from "./core/model/composites/mod.ts";
export * from "./core/model/objective.ts";
export { decodeEvents, encodeEvent } from "./core/report/event_lines.ts";
export { type Measure, type Results, resultsOf, type Row, rowsOf } from "./core/report/results.ts";
export { reportOf } from "./core/report/tables/report.ts";
export { wordsOf } from "./core/report/words.ts";
export * from "./core/model/safetensors.ts";
export * from "./core/model/shell.ts";
export * from "./plugins/mod.ts";
export * from "./streams/atlas/atlas_stats.ts";
export * from "./streams/atlas/describe_atlas.ts";
export * from "./streams/atlas/open_atlas.ts";
export * from "./streams/atlas/write_atlas.ts";
export * from "./streams/import/import_atlas.ts";
export * from "./streams/bytes/byte_source.ts";
export { openBytes } from "./streams/bytes/open_bytes.ts";
export { openForeign } from "./streams/foreign/open_foreign.ts";
export * from "./streams/reading/plan/plan_read.ts";
export * from "./streams/reading/read_plan.ts";
export * from "./streams/reading/stream_atlas.ts";
export * from "./streams/experiment/load_experiment.ts";
export * from "./streams/ahead.ts";
export * from "./streams/paced.ts";
export { type Computing, type OpenedRun, openRun } from "./streams/experiment/open_run.ts";
export * from "./streams/experiment/run_experiment.ts";
export { type Learner } from "./streams/learner.ts";
export {
  type DataSet,
  type JudgePlan,
  type Keeper,
  type MethodPlan,
  type Place,
  type Run,
} from "./streams/run.ts";
export * from "./streams/walk.ts";
export { Screen } from "./streams/console/screen.ts";
