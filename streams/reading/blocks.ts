/**
 * Cells in blocks that are loaded one by one: what a source has to offer for `readBlocks` to do the rest.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import type { Source } from "../../core/source.ts";

/** A source without a way to read: blocks of about a thousand cells, end to end. */
export interface Blocks extends Omit<Source, "cells" | "read"> {
  /** Cells in each block. */
  readonly sizes: readonly number[];
  /** Begins to read; nothing is opened before the first block is asked for. */
  open(): BlockReader;
}

/** Entries of the cells of a block, in compressed-row form. */
export type Entries = Pick<CellBatch, "offsets" | "genes" | "values">;

/** Loads blocks; asked for one thing at a time. */
export interface BlockReader {
  /** Category codes of the block's cells in these columns. */
  codes(block: number, columns: readonly string[]): Promise<CellBatch["obs"]>;
  /** The block's entries; they may lie where the entries that the same slot had before lay. */
  entries(block: number, slot: number): Promise<Entries>;
  /** Closes whatever is open. */
  close(): Promise<void>;
}
