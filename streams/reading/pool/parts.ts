/**
 * The cells of a plan part by part, in its order, whoever reads them.
 *
 * @module
 */

import type { CellBatch } from "../../../core/batch.ts";
import type { ReadPlan, Start } from "../read_plan.ts";
import type { Damage, Fault, ReaderSettings } from "../staging/reader_settings.ts";
import type { Task } from "../staging/window_reader.ts";

/** Cells that are lent: a batch, or a part of one where windows meet. */
export interface LentPart {
  readonly cells: CellBatch;
  /** Cells that belong to its batch and could not be read; none unless given. */
  readonly lost?: number;
  /** Gives the memory back; the arrays are empty afterwards. Twice is as good as once. */
  release(): void;
}

/** Parts, asked for one at a time. */
export interface Parts {
  /**
   * The next part; undefined at the end.
   *
   * @throws what `Reading.failure` makes of a fault.
   */
  next(): Promise<LentPart | undefined>;
  /** Ends whatever is under way and closes every file; the parts that are out stay as they are. */
  close(): Promise<void>;
}

/** What is to be read. */
export interface Reading {
  readonly settings: ReaderSettings;
  readonly plan: ReadPlan;
  readonly start: Start;
  /** Hears of cells that were left out. */
  readonly onDamages: (damages: readonly Damage[]) => void;
  /** The error for a fault in a row group of a shard; -1 where it is in none. */
  readonly failure: (
    fault: Fault,
    place: { readonly shard: number; readonly group: number },
  ) => Error;
}

/** A window of a plan as a task, and how many cells of a batch are open behind it. */
export function taskOf({ plan, start, settings }: Reading, index: number): Task {
  const { batch } = settings, { spans, picks } = plan.window(index);
  const begun = plan.before(index) - plan.before(start.window) - start.skip;
  const isFirst = index === start.window;
  return {
    window: { spans, picks: isFirst ? picks.subarray(start.skip) : picks },
    first: isFirst ? 0 : (batch - begun % batch) % batch,
  };
}
