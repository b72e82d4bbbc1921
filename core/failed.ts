/**
 * Telling what a user can cause from mistakes of ours.
 *
 * @module
 */

import { Effect } from "effect";
import { type GilError, isGilError } from "./errors.ts";

/** What was thrown: a failure where a user can cause it, else a defect. */
export const failed = (cause: unknown): Effect.Effect<never, GilError> =>
  isGilError(cause) ? Effect.fail(cause) : Effect.die(cause);
