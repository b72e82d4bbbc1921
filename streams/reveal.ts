/**
 * Hides genes that a stage may not see. Stands before every transform: a library size over all genes
 * would tell of the hidden ones. Sources that are told which genes a stage shows leave the others out
 * by themselves; what they give is looked through here all the same.
 *
 * @module
 */

import { map, type OperatorFunction } from "rxjs";
import type { CellBatch } from "../core/batch.ts";
import { type Curriculum, isVisible, type View } from "../core/curriculum.ts";

/**
 * Deletes the entries of genes outside the view. All cells stay, even those left with no entry;
 * vocabulary ids stay what they were.
 *
 * @param view The same for all cells, or by the cell's row in the atlas.
 */
export function reveal(
  curriculum: Pick<Curriculum, "rank" | "base">,
  view: View | ((cell: number) => View),
): OperatorFunction<CellBatch, CellBatch> {
  const viewOf = typeof view === "function" ? view : () => view;
  return map((batch) => revealed(batch, curriculum, viewOf));
}

function revealed(
  batch: CellBatch,
  { rank, base }: Pick<Curriculum, "rank" | "base">,
  viewOf: (cell: number) => View,
): CellBatch {
  const offsets = new Uint32Array(batch.offsets.length);
  const kept = new Uint32Array(batch.genes.length);
  let count = 0;
  for (let i = 0; i < batch.cells.length; i++) {
    const view = viewOf(batch.cells[i]);
    for (let e = batch.offsets[i]; e < batch.offsets[i + 1]; e++) {
      if (isVisible(rank[batch.genes[e]], base, view)) kept[count++] = e;
    }
    offsets[i + 1] = count;
  }
  if (count === batch.genes.length) return batch;
  const genes = new Uint32Array(count), values = new Float32Array(count);
  for (let e = 0; e < count; e++) {
    genes[e] = batch.genes[kept[e]];
    values[e] = batch.values[kept[e]];
  }
  return { ...batch, offsets, genes, values };
}
