import { sampler } from "../../core/plugin.ts";

/** Any genes of a cell with the same probability, in random order. */
export const uniform = sampler({
  id: "uniform",
  purpose: "reads any genes of a cell, each with the same probability",
  config: {},
  make: () => {
    let order = new Uint32Array(0);
    return (genes, _values, random, chosen) => {
      const n = genes.length;
      if (order.length < n) order = new Uint32Array(2 * n);
      for (let i = 0; i < n; i++) order[i] = i;
      // Fisher–Yates, stopped once enough are drawn.
      for (let i = 0; i < chosen.length; i++) {
        const j = i + random.below(n - i), drawn = order[j];
        order[j] = order[i];
        chosen[i] = drawn;
      }
    };
  },
});
