/**
 * A uniform sample of cells that come one after the other, bounded in cells and in bytes.
 *
 * A cell's place in the draw is a function of (key, cell), and the cells that come first are kept
 * (bottom-k sampling; Cohen and Kaplan, "Summarizing data using bottom-k sketches", 2007). So which
 * cells are kept does not depend on their order, a cell offered again changes nothing, and no counter
 * can be lost between save and restore.
 *
 * @module
 */

import { type CellBatch, selectCells } from "./batch.ts";
import { fillBlock, type Key } from "./random.ts";

/** How much a sample may hold. */
export interface SampleBounds {
  readonly cells: number;
  /**
   * Bytes of genes and values. Cells are dropped from the end of the draw until the others fit, and
   * from then on there is room for no more than these: nearly uniform, for a large cell drops out
   * sooner. A cell larger than the bound is passed over.
   */
  readonly bytes: number;
}

/** The cells that come first in a draw. */
export interface UniformSample {
  /** Copies the cells that are kept. */
  offer(batch: CellBatch): void;
  /** Cells that took part in the draw; those kept already, or passed over, did not again. */
  offered(): number;
  /** The kept cells, one a batch, in the order of the draw. */
  kept(): readonly CellBatch[];
  /** Goes back to a sample that had been offered so many cells and kept these. */
  restore(offered: number, kept: CellBatch): void;
}

/** An empty sample of the draw that `key` names. */
export function uniformSample(key: Key, bounds: SampleBounds): UniformSample {
  const block = new Uint32Array(2);
  // Places in the draw, ascending, and the cells that have them.
  let places: number[] = [], kept: CellBatch[] = [];
  let offered = 0, bytes = 0, room = bounds.cells;

  /** The cell's place in the draw: 53 random bits. */
  function placeOf(cell: number): number {
    fillBlock(block, key, 0, cell);
    return block[0] * 2 ** 21 + (block[1] >>> 11);
  }
  function consider(batch: CellBatch, row: number): void {
    const size = bytesOf(batch, row), place = placeOf(batch.cells[row]);
    const at = indexFor(places, place);
    if (size > bounds.bytes || places[at] === place) return;
    offered++;
    if (at >= room) return;
    places.splice(at, 0, place);
    kept.splice(at, 0, selectCells(batch, [row]));
    bytes += size;
    if (kept.length > room) dropLast();
    if (bytes <= bounds.bytes) return;
    while (bytes > bounds.bytes) dropLast();
    room = kept.length;
  }
  function dropLast(): void {
    places.pop();
    bytes -= bytesOf(kept.pop()!, 0);
  }

  return {
    offer(batch) {
      for (let row = 0; row < batch.cells.length; row++) consider(batch, row);
    },
    offered: () => offered,
    kept: () => kept,
    restore(before, cells) {
      kept = Array.from(cells.cells, (_, row) => selectCells(cells, [row]));
      places = Array.from(cells.cells, placeOf);
      bytes = kept.reduce((sum, cell) => sum + bytesOf(cell, 0), 0);
      offered = before;
      // Cells can only be missing where bytes were, and then those kept fill the room.
      room = kept.length < Math.min(offered, bounds.cells) ? kept.length : bounds.cells;
    },
  };
}

/** Bytes of a cell's genes and values. */
function bytesOf({ offsets, genes, values }: CellBatch, row: number): number {
  const entries = offsets[row + 1] - offsets[row];
  return entries * (genes.BYTES_PER_ELEMENT + values.BYTES_PER_ELEMENT);
}

/** The first index whose place is not before `place`. */
function indexFor(places: readonly number[], place: number): number {
  let from = 0, to = places.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (places[middle] < place) from = middle + 1;
    else to = middle;
  }
  return from;
}
