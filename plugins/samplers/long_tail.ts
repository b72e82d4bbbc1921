import { sampler, setting } from "../../core/plugin.ts";
import { Share } from "../../core/quantities.ts";
import { fillKeys, fillLargest, fillLongTailWeights } from "../../core/successive_sampling.ts";

/**
 * The benchmark's long-tail sampler: a cell's genes are drawn one after the other in proportion to
 * how far their value lies above the cell's smallest, so that the many genes at that smallest value
 * (a count of 1, mostly) come last. The reference does so for a random half of the cells it trains
 * on, and always downstream (`share` 1).
 */
export const longTail = sampler({
  id: "long-tail",
  purpose: "reads the highly expressed genes of a cell first, for a share of the cells",
  config: {
    share: setting(
      Share,
      0.5,
      "probability that a cell's genes are drawn by weight; otherwise all are alike",
    ),
  },
  make: ({ share }) => {
    let scratch = new Float64Array(0);
    return (_genes, values, random, chosen) => {
      const n = values.length;
      if (scratch.length < n) scratch = new Float64Array(2 * n);
      const keys = scratch.subarray(0, n);
      if (random.uniform() < share) {
        fillLongTailWeights(keys, values);
        fillKeys(keys, keys, random);
      } else random.fillUniforms(keys);
      fillLargest(chosen, keys);
    };
  },
});
