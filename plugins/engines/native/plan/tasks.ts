/**
 * Which thread runs which cell, and when.
 *
 * @module
 */

/** Cells in the order in which they are begun. */
export interface Tasks {
  readonly cells: Uint32Array;
  /** The thread of each of `cells`. */
  readonly threads: Uint32Array;
}

/**
 * Shares cells out among threads, the longest first, each to a thread that has least to do: what is
 * left to the end is short. Nothing but the lengths decides, so that runs can be repeated.
 *
 * @param lengths Of the cells, in positions.
 * @param round Cells after which threads wait for each other.
 */
export function sharedOut(
  lengths: Uint32Array,
  { threads, round }: { readonly threads: number; readonly round: number },
): Tasks {
  const cells = Uint32Array.from(lengths.keys()), shared = new Uint32Array(cells.length);
  cells.sort((a, b) => lengths[b] - lengths[a] || a - b);
  const loads = new Float64Array(threads);
  for (let i = 0; i < cells.length; i++) {
    if (i % round === 0) loads.fill(0);
    let least = 0;
    for (let thread = 1; thread < threads; thread++) {
      if (loads[thread] < loads[least]) least = thread;
    }
    shared[i] = least;
    loads[least] += lengths[cells[i]];
  }
  return { cells, threads: shared };
}
