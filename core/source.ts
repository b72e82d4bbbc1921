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
  /**
   * Cells in every batch but the last. Those that cannot be read, where that is no error, are missing
   * from the batch that they belong to: it has fewer, or none, and every other one is what it was.
   */
  readonly batch: number;
  /** As stored, or in the random order that a key names: another key, another epoch. */
  readonly order: "stored" | Key;
  /**
   * Cells of the order to leave out at its beginning; those that a filter leaves out do not count, and
   * those that cannot be read do.
   */
  readonly from?: number;
  /** Only cells of these rows. */
  readonly keep?: (cell: number) => boolean;
  /** Only cells that have this category in this column. */
  readonly where?: Readonly<Record<string, string>>;
  /** Columns whose codes the batches carry. */
  readonly columns?: readonly string[];
  /** 1 at each gene whose entries come; those of all genes unless given. */
  readonly genes?: Uint8Array;
  /** Random order: cells that are drawn together, neighbours in the files; the source knows what is good. */
  readonly block?: number;
  /** Random order: cells that are mixed at once, and held in memory; the source knows what is good. */
  readonly window?: number;
  /** Only one of `of` equal parts of the blocks, from 0: together they are all, each cell once. */
  readonly share?: { readonly rank: number; readonly of: number };
  /**
   * Random order: draws with replacement, every category of this column as often as any other; cells
   * without one never come. As many cells come as without it.
   */
  readonly balance?: string;
  /**
   * Random order: draws with replacement, each cell in proportion to its weight, which is 0 or more.
   * As many cells come as have one above 0.
   */
  readonly weigh?: (cell: number) => number;
}

/**
 * An opened atlas. Reading twice gives the same cells; nothing is read before it is asked for. Once it is
 * closed, whoever reads on is told so by a RangeError or given an end, and whoever leaves is done.
 */
export interface Source {
  readonly vocabulary: Vocabulary;
  /** Cells in all. */
  readonly cells: number;
  readonly values: Scale;
  readonly columns: readonly Column[];
  /** Names of columns that hold numbers: they are there, and are no categories. */
  readonly numbers?: readonly string[];
  /**
   * Where neighbours are strangers, because the cells were shuffled: how many are read at once, from
   * each multiple on. Whoever wants a part of the cells and takes whole grains reads nothing in vain.
   */
  readonly grain?: number;
  /** A word that another atlas, or another version of it, has not; without one, nobody can tell. */
  readonly fingerprint?: string;
  /** What a reader has to know of what was read so far, in sentences: cells that were left out. */
  warnings?(): readonly string[];
  /**
   * Reads on demand; ending the iteration early closes the files. A batch stays what it is when the
   * next one is asked for.
   */
  read(request: ReadRequest): AsyncIterable<CellBatch>;
}
