/**
 * Cells that arrive entry by entry, collected into batches.
 *
 * @module
 */

import { MOST_ENTRIES, type Rows } from "./count_matrix.ts";

/** A batch in the making. */
export interface RowBuilder {
  /** Row of the cell that `open` begins next. */
  readonly next: number;
  /** Whether the batch holds what a batch may hold. */
  readonly full: boolean;
  /** Begins the next cell. */
  open(): void;
  /** Adds an entry to the cell that was begun last. */
  add(column: number, value: number): void;
  /** The batch, in views that the cells of the next one overwrite. */
  take(): Rows;
}

/** Starts with row `from` and takes at most `batch` cells at a time. */
export function rowBuilder(batch: number, from: number): RowBuilder {
  const offsets = new Uint32Array(batch + 1);
  let columns = new Uint32Array(2 ** 16), values = new Float64Array(2 ** 16);
  let first = from, cells = 0, entries = 0;
  return {
    get next() {
      return first + cells;
    },
    get full() {
      return cells === batch || entries >= MOST_ENTRIES;
    },
    open() {
      offsets[++cells] = entries;
    },
    add(column, value) {
      if (entries === columns.length) {
        columns = grown(columns, new Uint32Array(2 * entries));
        values = grown(values, new Float64Array(2 * entries));
      }
      columns[entries] = column;
      values[entries] = value;
      offsets[cells] = ++entries;
    },
    take() {
      const rows = {
        first,
        offsets: offsets.slice(0, cells + 1),
        columns: columns.subarray(0, entries),
        values: values.subarray(0, entries),
      };
      first += cells;
      cells = entries = 0;
      return rows;
    },
  };
}

function grown<A extends Uint32Array | Float64Array>(from: A, into: A): A {
  into.set(from);
  return into;
}
