/**
 * Rows of a file to cells of an atlas: columns to genes, repeated genes to one.
 *
 * @module
 */

/** What one gene of one cell is made of. */
export interface GeneRows {
  readonly offsets: Uint32Array;
  readonly genes: Uint32Array;
  readonly values: Float32Array;
}

/** What comes in. */
export interface ColumnRows {
  readonly offsets: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

/** Merges a batch; whatever it keeps between batches is scratch space. */
export type MergeRows = (rows: ColumnRows) => GeneRows;

/**
 * Returns a function that gives each cell its genes in ascending order, none twice and none of value
 * zero.
 *
 * Values of one gene add up; logarithms as what they are logarithms of: log1p(expm1(a) + expm1(b)).
 *
 * @param ids Vocabulary id of each column; -1 where a column is left out.
 * @param genes Size of the vocabulary.
 */
export function mergingRows(ids: Int32Array, genes: number, values: "counts" | "log1p"): MergeRows {
  const sums = new Float64Array(genes);
  // One bit a gene: reading the set bits in order sorts the genes without a sort.
  const seen = new Int32Array((genes + 31) >>> 5);
  const logs = values === "log1p";

  return (rows) => {
    const cells = rows.offsets.length - 1;
    const offsets = new Uint32Array(cells + 1);
    const merged = new Uint32Array(rows.columns.length);
    const out = new Float32Array(rows.columns.length);
    let entries = 0;
    for (let cell = 0; cell < cells; cell++) {
      for (let e = rows.offsets[cell]; e < rows.offsets[cell + 1]; e++) {
        const gene = ids[rows.columns[e]], value = rows.values[e];
        if (gene < 0 || value === 0) continue;
        const word = gene >>> 5, bit = 1 << (gene & 31);
        if ((seen[word] & bit) === 0) {
          seen[word] |= bit;
          sums[gene] = value;
        } else if (logs) sums[gene] = Math.log1p(Math.expm1(sums[gene]) + Math.expm1(value));
        else sums[gene] += value;
      }
      for (let word = 0; word < seen.length; word++) {
        for (let bits = seen[word]; bits !== 0; bits &= bits - 1) {
          const gene = 32 * word + 31 - Math.clz32(bits & -bits);
          merged[entries] = gene;
          out[entries++] = sums[gene];
        }
        seen[word] = 0;
      }
      offsets[cell + 1] = entries;
    }
    return { offsets, genes: merged.subarray(0, entries), values: out.subarray(0, entries) };
  };
}
