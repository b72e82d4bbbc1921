/**
 * What an atlas cannot hold, whether it is about to be written or was just read.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import type { Layout } from "./layout.ts";

/** What is wrong with the cell whose entries are `from … to - 1`, as a clause; undefined if nothing. */
export function cellFault(
  { genes, values }: Pick<CellBatch, "genes" | "values">,
  { from, to }: { readonly from: number; readonly to: number },
  layout: Layout,
): string | undefined {
  const counts = layout.values === "counts";
  for (let e = from, last = -1; e < to; e++) {
    const gene = genes[e], value = values[e];
    const isValue = counts
      ? value > 0 && value < 2 ** 32 && value === Math.floor(value)
      : value !== 0 && Number.isFinite(value);
    if (!isValue || gene <= last || gene >= layout.genes) {
      return faultOf(gene, value, last, layout);
    }
    last = gene;
  }
  return undefined;
}

/** Why an entry is wrong whose predecessor names the gene `last`. */
function faultOf(gene: number, value: number, last: number, layout: Layout): string {
  if (gene >= layout.genes) return `it names gene ${gene} of a vocabulary of ${layout.genes}`;
  if (gene === last) return `it names gene ${gene} twice`;
  if (gene < last) return "its genes do not ascend";
  if (!Number.isFinite(value) || value === 0) {
    return `gene ${gene} has the value ${value}, and only expressed genes are listed`;
  }
  return `gene ${gene} has the value ${value}, which is not a count; ` +
    `log-normalised values belong into an atlas of "log1p"`;
}
