/**
 * What a user can cause, one tag for each place where it shows.
 *
 * Every message is one sentence: `Cannot <do> <what> "<value>": <why; what would work>`.
 *
 * @module
 */

import { Schema } from "effect";

/** A file or its contents cannot be used: missing, truncated, damaged, or not what it claims to be. */
export class InputError extends Schema.TaggedError<InputError>()("InputError", {
  message: Schema.String,
}) {}

/** The experiment asks for something that does not exist, is ill-formed or contradicts itself. */
export class ExperimentError extends Schema.TaggedError<ExperimentError>()("ExperimentError", {
  message: Schema.String,
}) {}

/** A run that had started cannot go on. */
export class RunError extends Schema.TaggedError<RunError>()("RunError", {
  message: Schema.String,
}) {}

/** Everything that a user can cause. */
export type GilError = InputError | ExperimentError | RunError;
