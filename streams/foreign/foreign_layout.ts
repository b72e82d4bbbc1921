/**
 * How cells lie in Parquet files that others wrote: one row a cell, a list of token ids and a list of
 * their values.
 *
 * @module
 */

import type { Column } from "../../core/source.ts";
import type { Vocabulary } from "../../core/vocabulary.ts";

/** What tokens mean that name no gene: they are passed over, or must not occur. */
export const LEFT_OUT = -1, UNKNOWN = -2;

/** What turns lists into the entries of cells; plain data. */
export interface TokenMapping {
  /** Gene of each token id, `LEFT_OUT` or `UNKNOWN`. */
  readonly tokens: Int32Array;
  /** Symbols by gene, for messages. */
  readonly vocabulary: Vocabulary;
  readonly scale: "counts" | "log1p";
}

/** What all files have in common; plain data, so that any thread can be handed it. */
export interface ForeignLayout extends TokenMapping {
  /** Column of the lists of token ids. */
  readonly genes: string;
  /** Column of the lists of values. */
  readonly values: string;
  /** Columns of single texts or integers that describe cells. */
  readonly columns: readonly Column[];
}
