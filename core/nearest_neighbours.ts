/**
 * Classes by nearest neighbours: how much of some labels can be read off frozen embeddings without
 * learning anything.
 *
 * @module
 */

import type { Labelled } from "./linear_probe.ts";

/**
 * Puts cells into the class that most of their `k` nearest neighbours among the cells at `known` have:
 * by Euclidean distance, every neighbour counting alike. Of equal votes the lowest class wins, of equal
 * distances the cell that stands first in `known`; where fewer than `k` are known, all of them vote.
 *
 * @returns the class of the cell at a row.
 */
export function nearestNeighbours(
  data: Labelled,
  known: Uint32Array,
  k: number,
): (row: number) => number {
  const { labels } = data, size = Math.min(k, known.length);
  const classes = known.reduce((most, row) => Math.max(most, labels[row] + 1), 0);
  const squares = new Float64Array(size), nearest = new Uint32Array(size);
  const votes = new Uint32Array(classes);
  return (row) => {
    squares.fill(Infinity);
    for (let i = 0; i < known.length; i++) {
      const last = squares[size - 1], square = squareUpTo(last, data, [row, known[i]]);
      if (square < last || i < size) insert({ squares, nearest }, square, known[i]);
    }
    votes.fill(0);
    for (const row of nearest) votes[labels[row]]++;
    return votes.indexOf(Math.max(...votes));
  };
}

/** The square of the distance of two cells, or some number that is no less than `limit`. */
function squareUpTo(
  limit: number,
  { features, width }: Labelled,
  [row, other]: readonly [number, number],
): number {
  let a = row * width, b = other * width, square = 0;
  for (const end = a + width; a < end && square < limit;) {
    // Most cells are too far away long before the last number.
    for (const stop = Math.min(end, a + STRIDE); a < stop; a++, b++) {
      const difference = features[a] - features[b];
      square += difference * difference;
    }
  }
  return square;
}

const STRIDE = 16;

/** Neighbours that were found so far, the nearest first. */
interface Found {
  readonly squares: Float64Array;
  readonly nearest: Uint32Array;
}

/** Puts a cell behind those that are as near; the last one is forgotten. */
function insert({ squares, nearest }: Found, square: number, row: number): void {
  let at = squares.length - 1;
  for (; at > 0 && squares[at - 1] > square; at--) {
    squares[at] = squares[at - 1];
    nearest[at] = nearest[at - 1];
  }
  squares[at] = square;
  nearest[at] = row;
}
