/**
 * What an atlas cannot hold, whether it is about to be written or was just read.
 *
 * @module
 */

import type { Entries } from "../blocks.ts";
import type { Layout } from "./layout.ts";

/** What is wrong with the cell whose entries are `from … to - 1`, as a clause; undefined if nothing. */
export function cellFault(
  { genes, values }: Pick<Entries, "genes" | "values">,
  { from, to }: { readonly from: number; readonly to: number },
  layout: Layout,
): string | undefined {
  const counts = layout.values === "counts";
  for (let e = from; e < to; e++) {
    const gene = genes[e], value = values[e];
    if (gene >= layout.genes) return `it names gene ${gene} of a vocabulary of ${layout.genes}`;
    if (e > from && gene === genes[e - 1]) return `it names gene ${gene} twice`;
    if (e > from && gene < genes[e - 1]) return "its genes do not ascend";
    if (!Number.isFinite(value) || value === 0) {
      return `gene ${gene} has the value ${value}, and only expressed genes are listed`;
    }
    if (counts && !(value > 0 && value < 2 ** 32 && value === Math.floor(value))) {
      return `gene ${gene} has the value ${value}, which is not a count; ` +
        `log-normalised values belong into an atlas of "log1p"`;
    }
  }
  return undefined;
}
