/**
 * Compressed columns as entries, gene by gene.
 *
 * @module
 */

import type { Entries } from "./passes.ts";
import type { Sparse } from "./sparse.ts";

/** Entries read from the file at a time. */
const BLOCK = 2 ** 19;

/** The entries of a CSC matrix. */
export function entriesOf(matrix: Sparse): Entries {
  const all = matrix.borders[matrix.major];
  return {
    cells: matrix.minor,
    async *places() {
      for (let from = 0; from < all; from += BLOCK) {
        const cells = await matrix.indices(from, Math.min(all, from + BLOCK));
        yield { length: cells.length, cells };
      }
    },
    async *blocks() {
      const genes = new Uint32Array(Math.min(all, BLOCK));
      let gene = 0;
      for (let from = 0; from < all; from += BLOCK) {
        const to = Math.min(all, from + BLOCK);
        const cells = await matrix.indices(from, to), values = await matrix.data(from, to);
        for (let i = 0; i < cells.length; i++) {
          while (from + i >= matrix.borders[gene + 1]) gene++;
          genes[i] = gene;
        }
        yield { length: cells.length, cells, genes, values };
      }
    },
  };
}
