/**
 * What all shards of an atlas have in common: one row a cell, two lists, and columns that describe it.
 *
 * @module
 */

import type { Column, Scale } from "../../core/source.ts";

/** The list of gene ids, ascending. */
export const GENES = "genes";
/** The list of their values. */
export const COUNTS = "counts";
/** The note in each shard that names the vocabulary by its hash. */
export const VOCABULARY_NOTE = "gil.vocabulary.sha256";

/** What all shards of an atlas have in common. */
export interface Layout {
  /** Size of the vocabulary. */
  readonly genes: number;
  readonly values: Exclude<Scale, "bins">;
  readonly columns: readonly Column[];
  readonly numbers: readonly string[];
}
