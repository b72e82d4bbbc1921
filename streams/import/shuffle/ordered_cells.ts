/**
 * Loaded cells as an atlas is written from: in order, their genes renumbered and ascending.
 *
 * @module
 */

import type { PlacedCells } from "../../atlas/atlas_writer.ts";
import type { Layout } from "../../atlas/layout.ts";
import { fillParts, hasWideGenes, noParts, numberAt } from "./cell_record.ts";
import { sorterOf } from "./sort_genes.ts";
import type { LoadedCells } from "./spilled.ts";

/** Cells that are handed over together. */
const BATCH = 128;

/**
 * Returns a function that hands loaded cells over, some at a time, to be put where they belong. Putting
 * one throws a `RangeError` where it is not as it was written.
 *
 * @param ranks The id in the atlas of each gene of a record.
 */
export function orderingCells(
  layout: Layout,
  ranks: Uint32Array,
): (loaded: LoadedCells) => Generator<PlacedCells> {
  const shape = {
    genes: layout.genes,
    columns: layout.columns.length,
    numbers: layout.numbers.length,
  };
  const wideGenes = hasWideGenes(shape), parts = noParts(), sort = sorterOf(ranks);

  const placed = ({ arena, starts }: LoadedCells, from: number, to: number): PlacedCells => ({
    count: to - from,
    entriesOf: (i) => fillParts(parts, arena.words, shape, starts[from + i]).entries,
    put({ genes, values, codes, numbers }, first, size) {
      const { words, halves, floats } = arena;
      const { entries, wide } = parts;
      sort(
        {
          genes: wideGenes ? words : halves,
          geneAt: wideGenes ? parts.genes : 2 * parts.genes,
          values: wide ? floats : halves,
          valueAt: wide ? parts.values : 2 * parts.values,
          entries,
        },
        { genes, values, first },
      );
      for (let c = 0; c < codes.length; c++) codes[c][size] = words[parts.codes + c];
      for (let c = 0; c < numbers.length; c++) {
        numbers[c][size] = numberAt(words, parts.numbers + 2 * c);
      }
    },
  });

  return function* (loaded) {
    for (let from = 0; from < loaded.starts.length; from += BATCH) {
      yield placed(loaded, from, Math.min(loaded.starts.length, from + BATCH));
    }
  };
}
