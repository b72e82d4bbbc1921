/**
 * The blocks that are in memory together, and the cells that are taken out of them.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import type { BlockReader, Entries } from "./blocks.ts";

/** Which cells are wanted, and what of them. */
export interface Selection {
  /** Columns whose codes the cells carry. */
  readonly columns: readonly string[];
  /** The one code that a cell must have in each of these columns. */
  readonly where: readonly { readonly column: string; readonly code: number }[];
  /** Whether the cell of this row may come. */
  readonly keep: ((cell: number) => boolean) | undefined;
}

/** A block that has been loaded; without entries where no cell of it is wanted. */
export interface LoadedBlock {
  /** Row of its first cell in the atlas. */
  readonly start: number;
  /** 1 at each cell that is wanted. */
  readonly wanted: Uint8Array;
  readonly obs: CellBatch["obs"];
  readonly entries: Entries | undefined;
}

/** Loads what is wanted of a block of `size` cells: its columns first, its entries if any cell is left. */
export async function loadBlock(
  reader: BlockReader,
  place: { readonly block: number; readonly slot: number; start: number; size: number },
  { columns, where, keep }: Selection,
): Promise<LoadedBlock> {
  const { start, size } = place, wanted = new Uint8Array(size);
  let some = false;
  for (let row = 0; row < size; row++) {
    wanted[row] = !keep || keep(start + row) ? 1 : 0;
    some ||= wanted[row] === 1;
  }
  if (!some) return { start, wanted, obs: {}, entries: undefined };
  const names = [...new Set([...columns, ...where.map(({ column }) => column)])];
  const obs = await reader.codes(place.block, names);
  some = false;
  for (let row = 0; row < size; row++) {
    for (const { column, code } of where) if (obs[column][row] !== code) wanted[row] = 0;
    some ||= wanted[row] === 1;
  }
  return {
    start,
    wanted,
    obs,
    entries: some ? await reader.entries(place.block, place.slot) : undefined,
  };
}

/** Cells within a window: cell `i` is row `rows[i]` of its block number `blocks[i]`. */
export interface Picks {
  readonly blocks: Uint8Array;
  readonly rows: Uint32Array;
}

/** The wanted cells of a window, in the order `cellAt`: position → cell, blocks end to end. */
export function pickCells(
  window: readonly LoadedBlock[],
  cellAt: (position: number) => number,
): Picks {
  let cells = 0;
  for (const { wanted } of window) cells += wanted.length;
  const blocks = new Uint8Array(cells), rows = new Uint32Array(cells);
  let picked = 0;
  for (let position = 0; position < cells; position++) {
    let block = 0, row = cellAt(position);
    while (row >= window[block].wanted.length) row -= window[block++].wanted.length;
    if (window[block].wanted[row] === 0) continue;
    blocks[picked] = block;
    rows[picked++] = row;
  }
  return { blocks: blocks.subarray(0, picked), rows: rows.subarray(0, picked) };
}

/** Copies the picked cells `from … to - 1` into a batch of their own. */
export function gatherCells(
  window: readonly LoadedBlock[],
  { blocks, rows }: Picks,
  { from, to, columns }: { readonly from: number; to: number; columns: readonly string[] },
): CellBatch {
  const size = to - from, offsets = new Uint32Array(size + 1), cells = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    const { offsets: all } = window[blocks[from + i]].entries!, row = rows[from + i];
    offsets[i + 1] = offsets[i] + all[row + 1] - all[row];
  }
  const genes = new Uint32Array(offsets[size]), values = new Float32Array(offsets[size]);
  const obs = Object.fromEntries(columns.map((name) => [name, new Int32Array(size)]));
  for (let i = 0; i < size; i++) {
    const { start, entries, obs: codes } = window[blocks[from + i]], row = rows[from + i];
    const first = entries!.offsets[row], end = entries!.offsets[row + 1];
    genes.set(entries!.genes.subarray(first, end), offsets[i]);
    values.set(entries!.values.subarray(first, end), offsets[i]);
    cells[i] = start + row;
    for (const name of columns) obs[name][i] = codes[name][row];
  }
  return { cells, offsets, genes, values, obs };
}
