/**
 * Cells drawn with replacement so that every category of a column comes as often as any other.
 *
 * A block is drawn in proportion to the sum of its cells' weights, then cells within it in
 * proportion to theirs: each draw is any cell with a probability that is exactly its weight, and
 * only blocks that were drawn are read.
 *
 * @module
 */

import { derive, type Key, type Random, stream } from "../../../core/random.ts";
import type { Span } from "../read_plan.ts";

/** Cells with weights. */
export interface Weighed {
  /** Cells with a category: those that may be drawn, and as many as a plan draws. */
  readonly cells: number;
  /** Weight of the blocks before each, and of all. */
  readonly before: Float64Array;
  /** Weight of a cell: 1 / (categories there are × cells of its category), 0 without a category. */
  weightOf(cell: number): number;
}

/** Weighs the cells that are kept, by their codes in a column; -1 is no category. */
export function weighCells(
  codes: ArrayLike<number>,
  block: number,
  keep: (cell: number) => boolean = () => true,
): Weighed {
  const counts: number[] = [];
  let cells = 0;
  for (let cell = 0; cell < codes.length; cell++) {
    if (codes[cell] < 0 || !keep(cell)) continue;
    counts[codes[cell]] = (counts[codes[cell]] ?? 0) + 1;
    cells++;
  }
  const present = counts.filter((count) => count > 0).length;
  const weights = Float64Array.from(counts, (count) => 1 / (present * count));
  const weightOf = (cell: number) => codes[cell] < 0 || !keep(cell) ? 0 : weights[codes[cell]];
  const before = new Float64Array(Math.ceil(codes.length / block) + 1);
  for (let b = 0; b + 1 < before.length; b++) {
    const to = Math.min(codes.length, (b + 1) * block);
    let sum = 0;
    for (let cell = b * block; cell < to; cell++) sum += weightOf(cell);
    before[b + 1] = before[b] + sum;
  }
  return { cells, before, weightOf };
}

/** Blocks and cells, drawn by number: what is drawn at one does not depend on the others. */
export interface Draws {
  /** The block that is drawn at a number. */
  blockAt(number: number): number;
  /** Cells of the rows of a block; views that the next draw overwrites. */
  cellsAt(number: number, of: { readonly rows: Span; readonly count: number }): Uint32Array;
}

/** The draws that `key` names. */
export function drawWeighed({ before, weightOf }: Weighed, key: Key): Draws {
  const ofBlocks = stream(derive(key, "drawn blocks")),
    ofCells = stream(derive(key, "drawn cells"));
  let sums = new Float64Array(1), cells = new Uint32Array(0);
  return {
    blockAt(number) {
      ofBlocks.at(number);
      return placeOf(before, fine(ofBlocks) * before[before.length - 1]);
    },
    cellsAt(number, { rows: { from, to }, count }) {
      if (sums.length !== to - from + 1) sums = new Float64Array(to - from + 1);
      if (cells.length < count) cells = new Uint32Array(count);
      for (let i = 1; i < sums.length; i++) sums[i] = sums[i - 1] + weightOf(from + i - 1);
      ofCells.at(number);
      for (let i = 0; i < count; i++) {
        cells[i] = from + placeOf(sums, fine(ofCells) * sums[sums.length - 1]);
      }
      return cells.subarray(0, count);
    },
  };
}

/** A number in [0, 1) on a grid of 2⁻⁵³: 2⁻³² is too coarse for the rare cells of a large atlas. */
const fine = (random: Random): number =>
  ((random.bits() >>> 5) * 2 ** 26 + (random.bits() >>> 6)) / 2 ** 53;

/** The place whose weight covers `sum`, given the weights before each place and of all. */
function placeOf(sums: Float64Array, sum: number): number {
  let from = 0, to = sums.length - 2;
  while (from < to) {
    const middle = (from + to) >>> 1;
    // A place without weight ends where it begins, so that it is never the first to end beyond.
    if (sums[middle + 1] > sum) to = middle;
    else from = middle + 1;
  }
  return from;
}
