/**
 * The entries of a cell in the order of their genes' ranks.
 *
 * @module
 */

/** The entries of a record. */
export interface UnsortedCell {
  readonly genes: Uint16Array | Uint32Array;
  readonly geneAt: number;
  readonly values: Uint16Array | Float32Array;
  readonly valueAt: number;
  readonly entries: number;
}

/** Where sorted entries go: from entry `first` on. */
export interface SortedCell {
  readonly genes: Uint32Array;
  readonly values: Float32Array;
  readonly first: number;
}

/** Sorts a cell; throws a `RangeError` where a gene has no rank or an entry is zero. */
export type SortGenes = (from: UnsortedCell, to: SortedCell) => void;

/** A function that sorts; `ranks` has the rank of each gene, none twice. */
export const sorterOf = (ranks: Uint32Array): SortGenes =>
  ranks.length <= 2 ** 16 ? byCounting(ranks) : byBits(ranks);

/** Sorts by the lower eight bits of the rank, then by the upper ones. */
function byCounting(ranks: Uint32Array): SortGenes {
  // Rank and entry, 16 bits each: a cell has no more entries than there are genes.
  const keys = new Uint32Array(ranks.length), half = new Uint32Array(ranks.length);
  const lower = new Uint32Array(257), upper = new Uint32Array(257), last = ranks.length - 1;

  return ({ genes, geneAt, values, valueAt, entries }, to) => {
    const { genes: sorted, values: kept, first } = to;
    if (entries > keys.length) throw damaged();
    lower.fill(0);
    upper.fill(0);
    let amiss = 0;
    for (let e = 0; e < entries; e++) {
      const gene = genes[geneAt + e], rank = ranks[gene];
      amiss |= last - gene;
      keys[e] = rank << 16 | e;
      lower[(rank & 255) + 1]++;
      upper[(rank >>> 8) + 1]++;
    }
    if (amiss < 0) throw damaged();
    for (let i = 0, below = 0, under = first; i < 256; i++) {
      lower[i] = below += lower[i];
      upper[i] = under += upper[i];
    }
    for (let e = 0; e < entries; e++) half[lower[keys[e] >>> 16 & 255]++] = keys[e];
    for (let e = 0; e < entries; e++) {
      const key = half[e], place = upper[key >>> 24]++, value = values[valueAt + (key & 0xFFFF)];
      // Below 0 where the value is.
      amiss |= value - 1;
      sorted[place] = key >>> 16;
      kept[place] = value;
    }
    if (amiss < 0) throw damaged();
  };
}

/** Sets a bit a gene and reads the bits that are set in order. */
function byBits(ranks: Uint32Array): SortGenes {
  const found = new Float32Array(ranks.length), seen = new Int32Array((ranks.length + 31) >>> 5);

  return ({ genes, geneAt, values, valueAt, entries }, { genes: sorted, values: kept, first }) => {
    let top = -1, place = first, amiss = 0;
    for (let e = 0; e < entries; e++) {
      const gene = genes[geneAt + e], value = values[valueAt + e];
      if (gene >= ranks.length) throw damaged();
      const rank = ranks[gene], word = rank >>> 5;
      amiss |= value - 1;
      found[rank] = value;
      seen[word] |= 1 << (rank & 31);
      if (word > top) top = word;
    }
    for (let word = 0; word <= top; word++) {
      for (let bits = seen[word]; bits !== 0; bits &= bits - 1) {
        const rank = 32 * word + 31 - Math.clz32(bits & -bits);
        sorted[place] = rank;
        kept[place++] = found[rank];
      }
      seen[word] = 0;
    }
    if (amiss < 0 || place !== first + entries) throw damaged();
  };
}

const damaged = () => new RangeError("Cannot read cells back: their file is damaged");
