import { ok } from "node:assert/strict";
import { keyOf, stream } from "../core/random.ts";
import type { Sampler } from "../core/sampler.ts";
import { fillLongTailWeights, inclusionProbabilities } from "../core/successive_sampling.ts";
import { MASK_VALUE, padId } from "../core/tokens.ts";
import { longTail } from "../plugins/samplers/long_tail.ts";
import { uniform } from "../plugins/samplers/uniform.ts";
import { maskTokens } from "../streams/mask.ts";
import { sampleCells } from "../streams/sample.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { golden } from "./golden.ts";
import { told } from "./told.ts";
import { oneCell } from "./one_cell.ts";

interface Drawn {
  readonly frequency: readonly number[];
  readonly first_position_frequency: readonly number[];
  readonly exact: readonly number[];
}
interface Sampling {
  readonly draws: number;
  readonly cells: readonly {
    readonly sample: number;
    readonly values: readonly number[];
    readonly weights: readonly number[];
    readonly weighted: Drawn;
    readonly train_half_half: Drawn;
  }[];
}

golden<Sampling>("fillLongTailWeights() weighs as the reference does", "data/sampling.json", (
  { cells },
) => {
  for (const { values, weights } of cells) {
    assertClose(weightsOf(values), weights, { relative: 1e-6, absolute: 1e-12 });
  }
});

golden<Sampling>("inclusionProbabilities() are the fixture's exact ones", "data/sampling.json", (
  { cells },
) => {
  for (const { values, sample, weighted: byWeight, train_half_half } of cells) {
    const always = inclusionProbabilities(weightsOf(values), sample);
    const half = always.map((p) => 0.5 * p + 0.5 * sample / values.length);
    // Weights of 1e-5 in float32 there, in float64 here.
    assertClose(always, byWeight.exact, { relative: 1e-5 });
    assertClose(half, train_half_half.exact, { relative: 1e-5 });
  }
});

for (const [share, column] of [[1, "weighted"], [0.5, "train_half_half"]] as const) {
  golden<Sampling>(
    `longTail() with share ${share} draws as often, and first, what the reference does`,
    "data/sampling.json",
    ({ draws, cells }) => {
      for (const cell of cells) {
        const trials = 40_000, { included, first } = tally(longTail({ share }), cell, trials);
        const expected = cell[column];
        const spread = (p: number) => Math.sqrt(p * (1 - p) * (1 / trials + 1 / draws));
        cell.values.forEach((_, gene) => {
          for (
            const [what, found, there] of [
              ["drawn", included[gene] / trials, expected.frequency[gene]],
              ["first", first[gene] / trials, expected.first_position_frequency[gene]],
            ] as const
          ) {
            const p = (found * trials + there * draws) / (trials + draws);
            ok(
              Math.abs(found - there) <= 5 * spread(p),
              `gene ${gene} is ${what} ${found} of the time instead of ${there}`,
            );
          }
        });
      }
    },
  );
}

interface Pipeline {
  readonly pad_id: number;
  readonly mask_ratio: number;
  readonly rows: readonly {
    readonly branch: "weighted" | "uniform";
    readonly max_length: number;
    readonly genes: readonly number[];
    readonly values: readonly number[];
    readonly visible: readonly number[];
    readonly draws: {
      readonly exponential?: readonly number[];
      readonly permutation?: readonly number[];
      readonly mask_uniform: readonly number[];
    };
    readonly out_genes: readonly number[];
    readonly out_values: readonly number[];
    readonly out_masked: readonly number[];
    readonly padding: number;
  }[];
}

golden<Pipeline>(
  "sampleCells() and maskTokens() repeat the reference's cells from its draws",
  "data/pipeline.json",
  ({ pad_id, mask_ratio, rows }) => {
    for (const row of rows) {
      const shown = row.genes.map((_, i) => i).filter((i) => row.visible.includes(row.genes[i]));
      const cell = oneCell({
        cell: 0,
        genes: shown.map((i) => row.genes[i]),
        values: shown.map((i) => row.values[i]),
      });
      const { exponential, permutation, mask_uniform } = row.draws;
      const tokens = sampleCells(
        cell,
        row.branch === "weighted" ? longTail({ share: 1 }) : uniform(),
        told({ exponential, below: permutation && drawsOf(permutation), uniform: [0] }),
        { length: row.max_length, genes: pad_id },
      );
      const masked = maskTokens(tokens, mask_ratio, told({ uniform: mask_uniform }));
      assertSame(tokens.genes.subarray(1), row.out_genes);
      assertSame(tokens.target.subarray(1), row.out_values);
      assertSame(masked.input.subarray(1), row.out_masked);
      assertSame(masked.masked.subarray(1), row.out_masked.map((v) => Number(v === MASK_VALUE)));
      assertSame(tokens.genes.filter((id) => id === padId(pad_id)).length, row.padding);
    }
  },
);

/** The numbers from which Fisher and Yates' shuffle makes this permutation. */
function drawsOf(permutation: readonly number[]): number[] {
  const order = permutation.map((_, i) => i);
  return permutation.map((item, i) => {
    const j = order.indexOf(item);
    [order[i], order[j]] = [order[j], order[i]];
    return j - i;
  });
}

function weightsOf(values: ArrayLike<number>): Float64Array {
  const weights = new Float64Array(values.length);
  fillLongTailWeights(weights, values);
  return weights;
}

function tally(
  sampler: Sampler,
  { values, sample }: { readonly values: readonly number[]; readonly sample: number },
  trials: number,
) {
  const n = values.length, random = stream(keyOf(2)), chosen = new Uint32Array(sample);
  const included = new Float64Array(n), first = new Float64Array(n);
  for (let trial = 0; trial < trials; trial++) {
    random.at(trial);
    sampler(new Uint32Array(n), Float32Array.from(values), random, chosen);
    first[chosen[0]]++;
    for (const gene of chosen) included[gene]++;
  }
  return { included, first };
}
