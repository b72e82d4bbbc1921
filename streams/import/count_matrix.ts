/**
 * What every reader of real data gives: a matrix of cells × genes that is read row by row.
 *
 * @module
 */

/** Consecutive cells in compressed-row form; views that the next batch may overwrite. */
export interface Rows {
  /** Row of the first cell. */
  readonly first: number;
  /** Cell `i` owns entries `offsets[i]` up to `offsets[i + 1]`. */
  readonly offsets: Uint32Array;
  /** Column of each entry, in any order within a cell. */
  readonly columns: Uint32Array;
  /** Value of each entry, in the units of the file; may be zero. */
  readonly values: Values;
}

/** Values as precise as the file has them. */
export type Values = Float32Array | Float64Array;

/** A column of categories that describes the cells. */
export interface CategoryColumn {
  readonly name: string;
  readonly categories: readonly string[];
  /** Codes of the cells `from … to - 1`, all of the batch that was read last; -1 where one has none. */
  codes(from: number, to: number): Int32Array;
}

/** A column of numbers that describes the cells. */
export interface NumberColumn {
  readonly name: string;
  /** Numbers of the cells `from … to - 1`, all of the batch that was read last; NaN where one has none. */
  numbers(from: number, to: number): Float64Array;
}

/** A column that describes the cells. */
export type ObsColumn = CategoryColumn | NumberColumn;

/** An opened matrix of cells × genes. Nothing of it is in memory but names and row borders. */
export interface CountMatrix {
  /** The file or folder. */
  readonly path: string;
  readonly cells: number;
  /** Entries in all, zeros among them, where that is known without reading them. */
  readonly entries?: number;
  /** Gene symbol of each column, repeated where the file repeats it; "" where it is no gene. */
  readonly symbols: readonly string[];
  readonly obs: readonly ObsColumn[];
  /** Other columns of the cells that the file has, and why they are left out, as a clause. */
  readonly leftOut?: ReadonlyMap<string, string>;
  /** Other matrices of the same cells in the file, as the option `matrix` names them. */
  readonly others: readonly string[];
  /** How it was read, for example "values from X, symbols from var/symbol". */
  readonly provenance: string;
  /** What else a user should know, in sentences. */
  readonly notes: readonly string[];
  /**
   * The cells in order, at most `batch` at a time and about `MOST_ENTRIES` entries; none where a
   * reader has read for a while and has no cell yet. Rows before `from` are not asked for: readers
   * that can leave them out do.
   */
  rows(batch: number, from?: number): AsyncIterable<Rows>;
}

/** Entries in a batch of rows, beyond which it is closed before it has all its cells. */
export const MOST_ENTRIES = 2 ** 19;

/** Which rows a reader is asked for, and how many at a time. */
export interface RowRequest {
  /** Cells in a batch at most. */
  readonly batch: number;
  /** The first row. */
  readonly from: number;
}

/** What a reader is told. */
export interface ReadOptions {
  /** Where the values are: in AnnData "X", "raw/X" or "layers/<name>"; in a 10x file a genome. */
  readonly matrix: string;
  /** Column of gene symbols; "index" for the names of the columns; chosen by looking when absent. */
  readonly symbols?: string;
  /** Number columns that are read as categories. */
  readonly categories: readonly string[];
  /** Path of a JSON file that says what is what in Parquet files that others wrote. */
  readonly mapping?: string;
  /** Bytes that may be held of a matrix that is not stored cell by cell; 192 MiB unless given. */
  readonly held?: number;
}
