import { Schema } from "effect";
import { map } from "rxjs";
import type { CellBatch } from "../../core/batch.ts";
import { binOf, fillQuantiles } from "../../core/binning.ts";
import { setting, transform } from "../../core/plugin.ts";
import { derive, keyOf, type Random, stream } from "../../core/random.ts";

/**
 * scGPT's value binning: each value becomes the number of its bin, 1 … `bins` - 1, among equally
 * full bins of the cell's own non-zero values; equal values may fall into different bins. The
 * benchmark bins the sampled genes and their padding instead, and counts from 0: its bins depend on
 * which genes were drawn, and its 0 looks like padding. Counts and their logarithms bin alike. What
 * comes after reads bins, so a long-tail sampler weighs genes by them and not by log1p, and errors are
 * squared numbers of bins.
 */
export const bin = transform({
  id: "bin",
  purpose: "replaces each value with the number of its bin among the cell's quantiles",
  config: {
    bins: setting(
      Schema.Int.check(Schema.isGreaterThan(1)),
      51,
      "number of bins, the one of unexpressed genes included",
    ),
    seed: setting(Schema.Int, 0, "seed of the draws that divide equal values among bins"),
  },
  gives: "bins",
  make: ({ bins, seed }) => {
    const random = stream(derive(keyOf(seed), "bin"));
    return map((batch) => binned(batch, bins, random));
  },
});

function binned(batch: CellBatch, bins: number, random: Random): CellBatch {
  const { offsets } = batch, values = new Float32Array(batch.values.length);
  const edges = new Float64Array(bins - 1);
  for (let i = 0; i < batch.cells.length; i++) {
    const from = offsets[i], to = offsets[i + 1];
    if (from === to) continue;
    // The output doubles as the room in which the cell's values are sorted.
    const cell = values.subarray(from, to);
    cell.set(batch.values.subarray(from, to));
    fillQuantiles(edges, cell.sort());
    random.at(batch.cells[i]);
    for (let e = from; e < to; e++) {
      values[e] = binOf(batch.values[e], edges, 1 - random.uniform()) + 1;
    }
  }
  return { ...batch, values };
}
