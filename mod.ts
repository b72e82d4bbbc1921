/**
 * gil: gene-incremental learning on streams of single cells, every part a plugin.
 *
 * @module
 */

export * from "./core/architecture.ts";
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
export * from "./core/permutation.ts";
export * from "./core/plugin.ts";
export * from "./core/program.ts";
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
export * from "./core/composites/mod.ts";
export * from "./core/forgetting.ts";
export * from "./core/objective.ts";
export { decodeEvents, encodeEvent } from "./core/event_lines.ts";
export { type Measure, type Results, resultsOf, type Row, rowsOf } from "./core/results.ts";
export { reportOf } from "./core/tables/report.ts";
export { wordsOf } from "./core/words.ts";
export * from "./core/safetensors.ts";
export * from "./core/shell.ts";
export * from "./core/spread.ts";
export * from "./plugins/mod.ts";
export * from "./streams/atlas/describe_atlas.ts";
export * from "./streams/atlas/open_atlas.ts";
export * from "./streams/atlas/write_atlas.ts";
export * from "./streams/import/import_atlas.ts";
export * from "./streams/load_experiment.ts";
export * from "./streams/paced.ts";
export * from "./streams/run_experiment.ts";
export * from "./streams/walk.ts";
export { Screen } from "./streams/screen.ts";
