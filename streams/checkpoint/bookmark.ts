/**
 * Where a seed is on its way: everything that the rest of the way depends on.
 *
 * @module
 */

import type { ReplayState } from "../../core/replay.ts";

/** A place on the way of a seed, between two steps. Flat buffers are in the order of the layout. */
export interface Bookmark {
  readonly seed: number;
  /** Legs that are over. */
  readonly leg: number;
  /** Steps made of the leg that follows; 0 at its beginning. */
  readonly step: number;
  /** Events that the seed has told so far. */
  readonly events: number;
  /** Weights of the model that all methods share, as long as one of them still needs it. */
  readonly trunk: Float32Array | undefined;
  /** Weights of the model of a method that goes its own way. */
  readonly branch: Float32Array | undefined;
  /** What else the training that is under way needs; undefined between trainings. */
  readonly training: Training | undefined;
  /** What the method that goes its own way remembers. */
  readonly memory: ReplayState | undefined;
}

/** A training under way, beside the weights that it changes. */
export interface Training {
  /** Adam's running mean of the gradient. */
  readonly firstMoment: Float32Array;
  /** Adam's running mean of the squared gradient. */
  readonly secondMoment: Float32Array;
  /** Weights of the model that teaches. */
  readonly teacher: Float32Array | undefined;
}
