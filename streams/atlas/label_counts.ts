/**
 * How many cells have each category.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import type { Column } from "../../core/source.ts";

/** A column of categories, with how many cells have each, and how many have none. */
export interface Labels {
  readonly name: string;
  readonly categories: readonly { readonly name: string; readonly cells: number }[];
  readonly missing: number;
}

/** Counts the codes of cells. */
export interface LabelCounter {
  add(obs: CellBatch["obs"]): void;
  counts(): readonly Labels[];
}

/** Begins to count in these columns. */
export function labelCounter(columns: readonly Column[]): LabelCounter {
  const counts = columns.map(({ categories }) => new Float64Array(categories.length + 1));
  return {
    add(obs) {
      columns.forEach(({ name }, c) => {
        for (const code of obs[name]) counts[c][code + 1]++;
      });
    },
    counts: () =>
      columns.map(({ name, categories }, c) => ({
        name,
        categories: categories.map((name, code) => ({ name, cells: counts[c][code + 1] })),
        missing: counts[c][0],
      })),
  };
}
