/**
 * The order of a vocabulary: genes that many cells express first.
 *
 * Ids of popular genes are small and close to each other, so the differences between the ids of a
 * cell are small, and take fewer bytes.
 *
 * @module
 */

/**
 * The genes in order of popularity, most first; genes that are equally popular keep their order.
 *
 * @param popularity Cells that express each gene.
 */
export function byPopularity(popularity: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: popularity.length }, (_, gene) => gene);
  return order.sort((a, b) => popularity[b] - popularity[a] || a - b);
}

/** The place of each gene in an order. */
export function ranksOf(order: Uint32Array): Uint32Array {
  const ranks = new Uint32Array(order.length);
  for (let rank = 0; rank < order.length; rank++) ranks[order[rank]] = rank;
  return ranks;
}
