/**
 * Where cells come from.
 *
 * @module
 */

import type { CellBatch } from "./batch.ts";
import type { Key } from "./random.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * What values are: counts, or proportional to counts; log(1 + count); or the numbers of the bins into
 * which a cell's values fall.
 */
export type Scale = "counts" | "log1p" | "bins";

/** A column that describes cells: its categories, in code order. */
export interface Column {
  readonly name: string;
  readonly categories: readonly string[];
}

/** Which cells to read, in which order, in how large batches. */
export interface ReadRequest {
  /** Cells in every batch but the last. */
  readonly batch: number;
  /** As stored, or in the random order that a key names: another key, another epoch. */
  readonly order: "stored" | Key;
  /** Cells of the order to leave out at its beginning; those that a filter leaves out do not count. */
  readonly from?: number;
  /** Only cells of these rows. */
  readonly keep?: (cell: number) => boolean;
  /** Only cells that have this category in this column. */
  readonly where?: Readonly<Record<string, string>>;
  /** Columns whose codes the batches carry. */
  readonly columns?: readonly string[];
}

/** An opened atlas. Reading twice gives the same cells; nothing is read before it is asked for. */
export interface Source {
  readonly vocabulary: Vocabulary;
  /** Cells in all. */
  readonly cells: number;
  readonly values: Scale;
  readonly columns: readonly Column[];
  /** A word that another atlas, or another version of it, has not; without one, nobody can tell. */
  readonly fingerprint?: string;
  /** Reads on demand; ending the iteration early closes the files. */
  read(request: ReadRequest): AsyncIterable<CellBatch>;
}
