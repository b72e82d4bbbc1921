/**
 * Leaving genes out where nobody asked for them, before they are copied any further.
 *
 * @module
 */

import type { Staging } from "./staging.ts";

/** Keeps of the rows `from … to - 1`, the last that were read, the genes that are wanted; in place. */
export function projectRows(
  { offsets, genes, values }: Staging,
  { from, to }: { readonly from: number; readonly to: number },
  wanted: Uint8Array,
): void {
  let kept = offsets[from], entry = kept;
  for (let row = from; row < to; row++) {
    const end = offsets[row + 1];
    for (; entry < end; entry++) {
      const gene = genes[entry];
      genes[kept] = gene;
      values[kept] = values[entry];
      kept += wanted[gene];
    }
    offsets[row + 1] = kept;
  }
}
