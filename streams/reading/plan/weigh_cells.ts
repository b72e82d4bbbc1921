/**
 * Cells drawn with replacement, each in proportion to its weight.
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
  /** Cells with a weight above 0: those that may be drawn, and as many as a plan draws. */
  readonly cells: number;
  /** Weight of the blocks before each, and of all. */
  readonly before: Float64Array;
  weightOf(cell: number): number;
}

/**
 * Adds up weights by blocks of `block` cells.
 *
 * @throws RangeError where a weight is below 0 or no number.
 */
export function weighCells(
  total: number,
  weightOf: (cell: number) => number,
  block: number,
): Weighed {
  const before = new Float64Array(Math.ceil(total / block) + 1);
  let cells = 0;
  for (let b = 0; b + 1 < before.length; b++) {
    const to = Math.min(total, (b + 1) * block);
    let sum = 0;
    for (let cell = b * block; cell < to; cell++) {
      const weight = weightOf(cell);
      if (!(weight >= 0 && weight < Infinity)) {
        throw new RangeError(`Cannot weigh cell ${cell} by ${weight}: weights are 0 or more`);
      }
      if (weight > 0) cells++;
      sum += weight;
    }
    before[b + 1] = before[b] + sum;
  }
  return { cells, before, weightOf };
}

/**
 * Weights by which every category comes as often as any other: 1 / (categories there are × cells of
 * the cell's own), among the cells that are kept; 0 where the code is -1, which is no category.
 */
export function balancedWeights(
  codes: ArrayLike<number>,
  keep: (cell: number) => boolean = () => true,
): (cell: number) => number {
  const counts: number[] = [];
  for (let cell = 0; cell < codes.length; cell++) {
    if (codes[cell] >= 0 && keep(cell)) counts[codes[cell]] = (counts[codes[cell]] ?? 0) + 1;
  }
  const present = counts.filter((count) => count > 0).length;
  const weights = Float64Array.from(counts, (count) => 1 / (present * count));
  return (cell) => codes[cell] < 0 || !keep(cell) ? 0 : weights[codes[cell]];
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
