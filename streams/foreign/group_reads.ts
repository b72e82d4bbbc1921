/**
 * What it takes to read a few rows of a row group.
 *
 * @module
 */

import { chunkOf, isFast } from "../parquet/chunk.ts";
import { pagesOfChunk } from "../parquet/piece.ts";
import type { TableColumn } from "../parquet/table.ts";
import type { GroupSizes } from "../reading/pool/share_memory.ts";

/** A row group, and what is read of it at least. */
export interface GroupReads {
  readonly cells: number;
  /** Entries, as the longer of its lists has them. */
  readonly entries: number;
  /** Rows that are read and decoded together: those of a page, or all of them. */
  readonly together: number;
  /** Bytes of a row in the file. */
  readonly perRow: number;
  /** Bytes of the pages at both ends, and of the largest page once unpacked. */
  readonly apart: number;
}

/** The row groups of two columns of lists. Throws a RangeError where a footer claims what cannot be. */
export function groupReads(genes: TableColumn, values: TableColumn): GroupReads[] {
  return Array.from({ length: genes.groups }, (_, group) => {
    const [a, b] = [genes, values].map((column) => columnReads(column, group));
    return {
      cells: a.cells,
      entries: Math.max(a.entries, b.entries),
      together: Math.max(a.together, b.together),
      perRow: a.perRow + b.perRow,
      apart: a.apart + b.apart,
    };
  });
}

function columnReads(column: TableColumn, group: number): GroupReads {
  const chunk = chunkOf(column, group), { rows, values, bytes, unpacked } = chunk;
  const row = { cells: rows, entries: values };
  // What parquet-wasm reads it fetches and unpacks in memory of its own: see `slowDemand`.
  if (!isFast(chunk)) return { ...row, together: rows, perRow: 0, apart: 0 };
  const pages = pagesOfChunk(column, group, chunk);
  if (!pages) return { ...row, together: rows, perRow: 0, apart: bytes + unpacked };
  const { offsets, sizes, rows: starts } = pages;
  // What is damaged from the first page on is never read.
  if (offsets.length === 0) return { ...row, together: 1, perRow: 0, apart: 0 };
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
  const dictionary = offsets[0] - chunk.start;
  // An offset index does not say to how much a page unpacks.
  const most = pages.unpacked?.reduce((most, size) => Math.max(most, size), 0) ??
    largest * unpacked / bytes;
  return {
    ...row,
    together: Math.ceil(starts[offsets.length] / offsets.length),
    perRow: bytes / Math.max(1, rows),
    apart: dictionary + 2 * largest + most,
  };
}

/** The sizes of row groups of which at most `rows` neighbours are read at once. */
export function sizesOf(groups: readonly GroupReads[], rows: number): GroupSizes {
  const some = groups.filter(({ cells }) => cells > 0);
  return {
    cells: Uint32Array.from(some, ({ cells }) => cells),
    entries: Float64Array.from(some, ({ entries }) => entries),
    bytes: Float64Array.from(
      some,
      ({ cells, perRow, apart }) => Math.min(cells, rows) * perRow + apart,
    ),
  };
}
