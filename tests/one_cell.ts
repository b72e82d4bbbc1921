/**
 * A batch of one cell, written by hand.
 *
 * @module
 */

import type { CellBatch } from "../core/batch.ts";

/** The batch of one cell with these genes and values and no columns. */
export const oneCell = (
  { cell, genes, values }: {
    readonly cell: number;
    readonly genes: readonly number[];
    readonly values: readonly number[];
  },
): CellBatch => ({
  cells: Uint32Array.of(cell),
  offsets: Uint32Array.of(0, genes.length),
  genes: Uint32Array.from(genes),
  values: Float32Array.from(values),
  obs: {},
});
