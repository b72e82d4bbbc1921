import { Schema } from "effect";
import { map } from "rxjs";
import type { CellBatch } from "../../core/batch.ts";
import { setting, transform } from "../../core/plugin.ts";

/**
 * Scales each cell so that its values sum to `total`. What comes out is no longer whole but still
 * proportional to counts, so `log1p` may follow. The sum is over the genes that a stage shows.
 */
export const librarySize = transform({
  id: "library-size",
  purpose: "scales each cell to the same total",
  config: {
    total: setting(Schema.Finite.check(Schema.isGreaterThan(0)), 10_000, "sum of a cell's values"),
  },
  takes: "counts",
  gives: "counts",
  make: ({ total }) => map((batch) => scaled(batch, total)),
});

function scaled(batch: CellBatch, total: number): CellBatch {
  const { offsets } = batch, values = new Float32Array(batch.values.length);
  for (let i = 0; i < batch.cells.length; i++) {
    let sum = 0;
    for (let e = offsets[i]; e < offsets[i + 1]; e++) sum += batch.values[e];
    for (let e = offsets[i]; e < offsets[i + 1]; e++) values[e] = batch.values[e] / sum * total;
  }
  return { ...batch, values };
}
