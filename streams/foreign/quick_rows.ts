/**
 * Rows that are cells as they lie: their tokens ascend and are genes in the order of the vocabulary, as in
 * most files, and their values are good. Looked at in loops that cost little beside decoding.
 *
 * @module
 */

import { checkKernel } from "../reading/staging/check_kernel.ts";
import { fallsBetween } from "../reading/staging/check_rows.ts";
import type { TokenMapping } from "./foreign_layout.ts";
import type { TokenLists } from "./translate.ts";

/** Makes entries of rows in place where it is that simple; says whether it was, else nothing is changed. */
export type QuickRows = (
  lists: TokenLists,
  rows: { readonly from: number; readonly to: number },
) => boolean;

/** The translation of rows that need next to none. */
export function quickRows({ tokens, scale }: Pick<TokenMapping, "tokens" | "scale">): QuickRows {
  const { first, end } = genesInOrder(tokens);
  return ({ offsets, others, genes, values }, { from, to }) => {
    const kernel = checkKernel(), begin = offsets[from], last = offsets[to];
    if (kernel === undefined || !(genes instanceof Uint16Array)) return false;
    for (let row = from; row < to; row++) {
      if (others[row + 1] !== offsets[row + 1]) return false;
    }
    const allowed = fallsBetween({ offsets, genes }, { from, to }, { first, end });
    if (Number.isNaN(allowed)) return false;
    if (last === begin) return true;
    if (kernel.countFalls(genes, begin + 1, last) !== allowed) return false;
    if (!kernel.areValues(values, { from: begin, to: last, scale })) return false;
    if (first > 0) { for (let e = begin; e < last; e++) genes[e] -= first; }
    return true;
  };
}

/** Tokens `first … end - 1` that are the genes 0, 1, and so on: behind those that are left out. */
function genesInOrder(tokens: Int32Array): { readonly first: number; readonly end: number } {
  const first = Math.max(0, tokens.indexOf(0));
  let end = first;
  while (tokens[end] === end - first) end++;
  return { first, end };
}
