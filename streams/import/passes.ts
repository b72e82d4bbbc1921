/**
 * Entries that are not in the order of the cells, turned into rows in bounded memory.
 *
 * @module
 */

import type { ReadOptions, RowRequest, Rows } from "./count_matrix.ts";
import { cutRows } from "./sparse_rows.ts";

/** Entries of a matrix of cells × genes, one after the other. */
export interface EntryBlock {
  readonly length: number;
  readonly cells: ArrayLike<number>;
  readonly genes: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** A matrix that can be read from its beginning again and again. */
export interface Entries {
  readonly cells: number;
  /** The cell of every entry; blocks may be views that the next one overwrites. */
  places(): AsyncIterable<Pick<EntryBlock, "length" | "cells">>;
  /** Every entry, in the same order. */
  blocks(): AsyncIterable<EntryBlock>;
}

/** What passes may hold. */
export interface PassRequest extends RowRequest {
  /** Entries in memory at a time, 12 bytes each; a cell with more of them is held all the same. */
  readonly held: number;
}

/** Entries that fit into the memory that a reader was given. */
export const entriesHeld = ({ held = 3 * 2 ** 26 }: ReadOptions): number =>
  Math.max(1, Math.floor(held / 12));

/**
 * The rows in order. The matrix is read once for the sizes of the cells, and then once for every
 * `held` entries of it, when the cells among them are collected: genes in the order of the entries.
 * Memory: the held entries, 12 bytes a cell, and one block. After every block that is read come rows
 * without a cell: a pass may take minutes, and whoever has enough can stop there.
 */
export async function* rowsByPasses(
  entries: Entries,
  { batch, from, held }: PassRequest,
): AsyncGenerator<Rows> {
  const borders = new Float64Array(entries.cells + 1);
  for await (const block of entries.places()) {
    countInto(borders, block);
    yield noRows(from);
  }
  for (let row = 0; row < entries.cells; row++) borders[row + 1] += borders[row];
  let room: Room = { columns: new Uint32Array(0), values: new Float64Array(0) };
  for (let first = from; first < entries.cells;) {
    let to = first + 1;
    while (to < entries.cells && borders[to + 1] - borders[first] <= held) to++;
    const needed = borders[to] - borders[first];
    // One pass overwrites what the one before held, lest two of them be in memory.
    const most = Math.max(needed, Math.min(held, borders[entries.cells] - borders[first]));
    if (room.columns.length < needed) room = roomFor(most);
    const pass = passOver(borders, first, to);
    for await (const block of entries.blocks()) {
      collectInto(room, block, pass);
      yield noRows(first);
    }
    yield* cutRows({ borders, ...room }, first, { batch, to });
    first = to;
  }
}

/** Counts the entries of each cell, one place behind its own. */
function countInto(
  borders: Float64Array,
  { length, cells }: Pick<EntryBlock, "length" | "cells">,
): void {
  for (let i = 0; i < length; i++) borders[cells[i] + 1]++;
}

/** No cell, where the cell `first` will be next. */
const noRows = (first: number): Rows => ({
  first,
  offsets: new Uint32Array(1),
  columns: new Uint32Array(0),
  values: new Float64Array(0),
});

/** Room for the entries of a pass. */
interface Room {
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

const roomFor = (entries: number): Room => ({
  columns: new Uint32Array(entries),
  values: new Float64Array(entries),
});

/** Which cells a pass collects. */
interface Pass {
  readonly first: number;
  readonly to: number;
  /** Where the next entry of each of them goes. */
  readonly next: Uint32Array;
}

function passOver(borders: Float64Array, first: number, to: number): Pass {
  const next = new Uint32Array(to - first);
  for (let row = first; row < to; row++) next[row - first] = borders[row] - borders[first];
  return { first, to, next };
}

/** Puts the entries of the cells of the pass into the room, cell by cell. */
function collectInto({ columns, values }: Room, block: EntryBlock, pass: Pass): void {
  const { first, to, next } = pass;
  for (let i = 0; i < block.length; i++) {
    const row = block.cells[i];
    if (row < first || row >= to) continue;
    const place = next[row - first]++;
    columns[place] = block.genes[i];
    values[place] = block.values[i];
  }
}
