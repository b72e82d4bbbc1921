/**
 * Which cell is run after which, and when.
 *
 * @module
 */

/** Cells in the order in which they are begun. */
export interface Tasks {
  readonly cells: Uint32Array;
  /** The chain of each of `cells`: cells of a chain are run one after the other. */
  readonly chains: Uint32Array;
}

/**
 * Shares cells out among chains, the longest first, each to a chain that has least to do: what is
 * left to the end is short. Nothing but the lengths decides, so that runs can be repeated.
 *
 * @param lengths Of the cells, in positions.
 * @param round Cells after which all wait for each other.
 */
export function sharedOut(
  lengths: Uint32Array,
  { chains, round }: { readonly chains: number; readonly round: number },
): Tasks {
  const cells = Uint32Array.from(lengths.keys()), shared = new Uint32Array(cells.length);
  cells.sort((a, b) => lengths[b] - lengths[a] || a - b);
  const loads = new Float64Array(chains);
  for (let i = 0; i < cells.length; i++) {
    if (i % round === 0) loads.fill(0);
    let least = 0;
    for (let chain = 1; chain < chains; chain++) {
      if (loads[chain] < loads[least]) least = chain;
    }
    shared[i] = least;
    loads[least] += lengths[cells[i]];
  }
  return { cells, chains: shared };
}
