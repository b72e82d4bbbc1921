/**
 * The genes that stand for a data set, and to which set a gene goes that stands for several
 * (the published gene-incremental protocol).
 *
 * @module
 */

/** Where the duplicate rule draws its lines; ranks count from 0. */
export interface KeepRanks {
  /** A gene ranked before this in one set alone clearly belongs to that set. */
  readonly clearRank: number;
  /** A gene ranked after this wherever it occurs twice belongs to no set. */
  readonly lastRank: number;
}

/**
 * The up to `count` genes with the largest sums, largest first, ties by vocabulary id. A gene that
 * the set does not express is never important, so the list may be shorter than `count`.
 *
 * @param sums Sum of the values of each gene over the cells of a set, in vocabulary order.
 */
export function topGenes(sums: ArrayLike<number>, count: number): number[] {
  const expressed: number[] = [];
  for (let gene = 0; gene < sums.length; gene++) if (sums[gene] > 0) expressed.push(gene);
  return expressed.sort((a, b) => sums[b] - sums[a] || a - b).slice(0, count);
}

/**
 * Leaves every gene in one list at most. A gene that stands in several, at best at rank m:
 *
 * 1. m > `lastRank`: leaves all lists;
 * 2. m < `clearRank` in two lists or more: leaves all lists;
 * 3. m < `clearRank` in one list: stays there;
 * 4. otherwise: stays in the first list in which its rank is at least `clearRank` and at most
 *    `lastRank`.
 *
 * A gene that leaves all lists is an ordinary base gene. Which genes stand for a set therefore
 * depends on the sets beside it and on their order.
 *
 * @param lists Genes of each set, most important first.
 */
export function resolveDuplicates(
  lists: readonly (readonly number[])[],
  { clearRank, lastRank }: KeepRanks,
): number[][] {
  const places = new Map<number, { readonly list: number; readonly rank: number }[]>();
  lists.forEach((genes, list) =>
    genes.forEach((gene, rank) => {
      const known = places.get(gene);
      if (known === undefined) places.set(gene, [{ list, rank }]);
      else known.push({ list, rank });
    })
  );

  function owner(gene: number): number | undefined {
    const found = places.get(gene)!;
    if (found.length === 1) return found[0].list;
    const clear = found.filter(({ rank }) => rank < clearRank);
    if (clear.length > 0) return clear.length === 1 ? clear[0].list : undefined;
    return found.find(({ rank }) => rank <= lastRank)?.list;
  }
  return lists.map((genes, list) => genes.filter((gene) => owner(gene) === list));
}
