/**
 * Memory of the cells of earlier stages.
 *
 * @module
 */

import type { CellBatch } from "./batch.ts";

/** A few cells of each stage, kept as the stage saw them: with its genes and no others. */
export interface Replay {
  /**
   * "beside": each step adds, for every earlier stage, the loss of a batch of remembered cells;
   * "concat": remembered cells join the new ones, each once an epoch.
   */
  readonly mode: "beside" | "concat";
  /** Offers the cells of a stage, in any number of calls; some are kept. */
  remember(stage: number, batch: CellBatch): void;
  /** Number of cells kept of a stage; 0 where nothing was offered. */
  size(stage: number): number;
  /**
   * The cells at `position … position + count - 1` of an endless order in which every remembered
   * cell of the stage comes once in each round.
   */
  recall(stage: number, position: number, count: number): CellBatch;
  /** Everything that is remembered, as a value. */
  save(): ReplayState;
  /** Goes back to what `save` returned: from here on both behave alike. */
  restore(state: ReplayState): void;
}

/** Per stage: cells offered so far, and the cells kept in slot order. */
export type ReplayState = readonly {
  readonly stage: number;
  readonly offered: number;
  readonly kept: CellBatch;
}[];
