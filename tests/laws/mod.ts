/**
 * The laws of each kind of plugin, as suites to run on plugins of one's own, and the arbitrary cells,
 * tokens and curricula that they are tested on.
 *
 * @module
 */

export * from "./arbitraries.ts";
export * from "./architecture_laws.ts";
export * from "./curriculum_laws.ts";
export * from "./distiller_laws.ts";
export * from "./engine_laws.ts";
export * from "./evaluator_laws.ts";
export * from "./parity_laws.ts";
export * from "./replay_laws.ts";
export * from "./reporter_laws.ts";
export * from "./run_events.ts";
export * from "./sampler_laws.ts";
export * from "./source_laws.ts";
export * from "./spy_screen.ts";
export * from "./through.ts";
export * from "./transform_laws.ts";
