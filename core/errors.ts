/**
 * What a user can cause, one tag for each place where it shows.
 *
 * Every message is one sentence: `Cannot <do> <what> "<value>": <why; what would work>`.
 *
 * Loads a small part of Effect: decode workers load this too, and Schema would take longer than the
 * first batch.
 *
 * @module
 */

import { TaggedError } from "effect/Data";

interface Said {
  readonly message: string;
}

/** A file or its contents cannot be used: missing, truncated, damaged, or not what it claims to be. */
export class InputError extends TaggedError("InputError")<Said> {}

/** The experiment asks for something that does not exist, is ill-formed or contradicts itself. */
export class ExperimentError extends TaggedError("ExperimentError")<Said> {}

/** A run that had started cannot go on. */
export class RunError extends TaggedError("RunError")<Said> {}

/** Everything that a user can cause. */
export type GilError = InputError | ExperimentError | RunError;

/** Whether something that was thrown is what a user can cause; anything else is a mistake of ours. */
export const isGilError = (cause: unknown): cause is GilError =>
  [InputError, ExperimentError, RunError].some((kind) => cause instanceof kind);
