import { ok } from "node:assert/strict";
import fc from "fast-check";
import { arrange, HELD_OUT, isVisible, seenBy, UNUSED } from "../core/curriculum.ts";
import { resolveDuplicates, topGenes } from "../core/important_genes.ts";
import { deal, dealCells, inGrains, partitionBy, partitionOf } from "../core/partition.ts";
import { permutation } from "../core/permutation.ts";
import { keyOf } from "../core/random.ts";
import { dealtPartition } from "../core/schedule.ts";
import { planRead } from "../streams/reading/plan/plan_read.ts";
import { assertSame } from "./first_difference.ts";
import { golden } from "./golden.ts";
import { imported } from "./imported.ts";
import { key } from "./laws/arbitraries.ts";

Deno.test("topGenes() lists the largest sums first, ties by id, and nothing unexpressed", () => {
  assertSame(topGenes([5, 0, 9, 5, 1, 0], 3), [2, 0, 3]);
  assertSame(topGenes([5, 0, 9, 5, 1, 0], 99), [2, 0, 3, 4]);
  assertSame(topGenes([0, 0], 1), []);
});

Deno.test("resolveDuplicates() applies the four cases", () => {
  const keep = { clearRank: 2, lastRank: 4 };
  //                 rank  0   1   2   3   4   5   6
  const lists = [
    /* first */ [1, 50, 51, 52, 60, 70, 53],
    /* other */ [1, 2, 50, 60, 52, 3, 70],
  ];
  // 1 is clear twice and 70 nowhere near: both leave. 50 is clear in the first list only.
  // 52 and 60 are clear in none and good enough in both: the first list has them.
  assertSame(resolveDuplicates(lists, keep), [[50, 51, 52, 60, 53], [2, 3]]);
  // In the other order the other list takes 52 and 60, and keeps 50 no less from its clear owner.
  assertSame(resolveDuplicates(lists.toReversed(), keep), [[2, 60, 52, 3], [50, 51, 53]]);
});

Deno.test("resolveDuplicates() passes over a list that ranks the gene too low", () => {
  const lists = [[1, 2, 3, 9], [4, 9, 5]];
  assertSame(resolveDuplicates(lists, { clearRank: 1, lastRank: 2 }), [[1, 2, 3], [4, 9, 5]]);
});

Deno.test("resolveDuplicates() leaves no gene in two lists and every single gene where it was", () => {
  const list = fc.shuffledSubarray([...Array(12).keys()]);
  fc.assert(fc.property(
    fc.array(list, { maxLength: 4 }),
    fc.nat(6),
    fc.nat(6),
    (lists, clearRank, more) => {
      const kept = resolveDuplicates(lists, { clearRank, lastRank: clearRank + more });
      assertSame(new Set(kept.flat()).size, kept.flat().length);
      lists.forEach((genes, i) => {
        assertSame(kept[i], genes.filter((gene) => kept[i].includes(gene)));
        for (const gene of genes) {
          const alone = lists.filter((other) => other.includes(gene)).length === 1;
          if (alone) ok(kept[i].includes(gene), `gene ${gene} left its only list`);
        }
      });
    },
  ));
});

interface Important {
  readonly cases: readonly {
    readonly select_idxnum: number;
    readonly keep_rank1: number;
    readonly keep_rank2: number;
    readonly scores: readonly (readonly number[])[];
    readonly selected: readonly (readonly number[])[];
    readonly counts: readonly number[];
    readonly aggregate_counts: Readonly<Record<string, readonly number[]>>;
    readonly selected_when_datasets_reversed: readonly (readonly number[])[];
  }[];
}

golden<Important>(
  "topGenes() and resolveDuplicates() select what the reference does, in either order of the sets",
  "data/important_genes.json",
  ({ cases }) => {
    for (const row of cases) {
      const keep = { clearRank: row.keep_rank1, lastRank: row.keep_rank2 };
      const lists = row.scores.map((sums) => topGenes(sums, row.select_idxnum));
      assertSame(resolveDuplicates(lists, keep), row.selected);
      assertSame(resolveDuplicates(lists.toReversed(), keep), row.selected_when_datasets_reversed);
      for (const [stages, expected] of Object.entries(row.aggregate_counts)) {
        assertSame(aggregate(row.counts, Number(stages)), expected);
      }
    }
  },
);

golden<{
  readonly config: {
    readonly datasets: { readonly imp: readonly string[] };
    readonly protocol: Readonly<Record<"top_genes" | "keep_rank1" | "keep_rank2", number>>;
    readonly vocab_genes: readonly string[];
    readonly T1_symbols: readonly string[];
    readonly T2_symbols: readonly string[];
  };
}>(
  "topGenes() and resolveDuplicates() find in real cells the genes that the reference finds",
  "gil/gil_run.json",
  async ({ config }) => {
    const { top_genes, keep_rank1, keep_rank2 } = config.protocol;
    const data = new URL("../../shared/data/", import.meta.url).pathname;
    const lists: number[][] = [];
    for (const name of config.datasets.imp) {
      const options = { genes: config.vocab_genes, duplicates: "first" } as const;
      const { genes, values } = (await imported([`${data}${name}/${name}.h5ad`], options)).batch;
      const sums = new Float64Array(config.vocab_genes.length);
      genes.forEach((gene, e) => sums[gene] += Math.log1p(values[e]));
      lists.push(topGenes(sums, top_genes));
    }
    const found = resolveDuplicates(lists, { clearRank: keep_rank1, lastRank: keep_rank2 });
    const symbols = found.map((genes) => genes.map((gene) => config.vocab_genes[gene]));
    assertSame(symbols, [config.T1_symbols, config.T2_symbols]);
  },
);

/** The reference deals more data sets than stages like anything else: in order, first ones first. */
function aggregate(counts: readonly number[], stages: number): number[] {
  let from = 0;
  return deal(counts.length, 0, stages).slice(1).map((size) =>
    counts.slice(from, from += size).reduce((a, b) => a + b, 0)
  );
}

Deno.test("deal() gives everything away, equally but for one", () => {
  const share = fc.nat(1000).map((permille) => permille / 1000);
  fc.assert(fc.property(fc.nat(500), share, fc.nat(20), (count, baseShare, parts) => {
    const [base, ...rest] = deal(count, baseShare, parts);
    assertSame(rest.length, parts);
    assertSame(base + rest.reduce((a, b) => a + b, 0), count);
    assertSame(base, parts === 0 ? count : Math.floor(count * baseShare));
    assertSame(rest, rest.toSorted((a, b) => b - a));
    if (parts > 0) ok(rest[0] - rest[parts - 1] <= 1);
  }));
});

Deno.test("deal() gives the published sizes", () => {
  assertSame(deal(906_890, 0.5, 2), [453_445, 226_723, 226_722]);
  assertSame(deal(906_890, 0.5, 3), [453_445, 151_149, 151_148, 151_148]);
  assertSame(deal(3, 0, 3), [0, 1, 1, 1]);
});

Deno.test("dealCells() reads a share below 1 and a number of cells from 1 on", () => {
  const stages = { cells: 100, sets: 2, baseShare: 0.5 };
  assertSame(dealCells({ ...stages, heldOut: 0.1 }), { heldOut: 10, stages: [45, 23, 22] });
  assertSame(dealCells({ ...stages, heldOut: 1 }), { heldOut: 1, stages: [49, 25, 25] });
  assertSame(dealCells({ ...stages, heldOut: 0 }), { heldOut: 0, stages: [50, 25, 25] });
});

Deno.test("partitionBy() holds out the same cells whatever the stages", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 80 }), fc.nat(5), key(), (cells, sets, key) => {
    const order = permutation(cells, key);
    const [one, other] = [0, sets].map((sets) =>
      partitionBy(order, dealCells({ cells, sets, heldOut: 0.2, baseShare: 0.3 }))
    );
    for (let cell = 0; cell < cells; cell++) {
      assertSame(one.part(cell) === HELD_OUT, other.part(cell) === HELD_OUT);
    }
  }));
});

Deno.test("inGrains() gives whole grains away, and says how many cells each part has", () => {
  const shape = fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 20 }), key());
  fc.assert(fc.property(shape, ([cells, grain, key]) => {
    const grains = Math.ceil(cells / grain);
    const sizes = dealCells({ cells: grains, sets: 2, heldOut: 0.2, baseShare: 0.5 });
    const dealt = partitionBy(permutation(grains, key), sizes);
    const { part, size } = inGrains(dealt, { cells, grain });
    const counts = new Map<number, number>();
    for (let cell = 0; cell < cells; cell++) {
      assertSame(part(cell), part(cell - cell % grain));
      counts.set(part(cell), (counts.get(part(cell)) ?? 0) + 1);
    }
    for (const one of [HELD_OUT, 0, 1, 2]) assertSame(size(one), counts.get(one) ?? 0);
  }));
});

Deno.test("dealtPartition() deals grains only where there are many, and a share is asked for", () => {
  const sets = ["T1", "T2"], split = { heldOut: 0.1, baseShare: 0.5, seed: 1 };
  const survey = { symbols: [], sets, sums: () => Promise.resolve([]), grain: 8 };
  const isWhole = (cells: number, change: Partial<typeof split> = {}) => {
    const { part } = dealtPartition({ ...survey, cells }, { ...split, ...change });
    return Array.from({ length: cells }, (_, cell) => part(cell) === part(cell - cell % 8))
      .every((same) => same);
  };
  ok(isWhole(3200));
  ok(!isWhole(3192));
  ok(!isWhole(3200, { heldOut: 320 }));
});

Deno.test("a stage of a shuffled atlas reads whole row groups, and nothing in vain", () => {
  const grain = 1024, cells = 400 * grain + 100;
  const survey = { symbols: [], sets: ["T1", "T2"], sums: () => Promise.resolve([]), grain, cells };
  const { part, size } = dealtPartition(survey, { heldOut: 0.1, baseShare: 0.5, seed: 1 });
  const keep = (cell: number) => part(cell) === 1;
  const plan = planRead(cells, { order: keyOf(1), keep }, { block: grain, window: 8 * grain });
  let read = 0, come = 0;
  for (let w = 0; w < plan.windows; w++) {
    const { spans, picks } = plan.window(w);
    for (const { from, to } of spans) read += to - from;
    come += picks.length;
  }
  assertSame([read, come], [size(1), size(1)]);
});

Deno.test("partitionOf() calls cells that stand nowhere unused", () => {
  const { part, size } = partitionOf(5, new Map([[HELD_OUT, [3]], [0, []], [1, [4, 0]]]));
  assertSame([0, 1, 2, 3, 4].map(part), [1, UNUSED, UNUSED, HELD_OUT, 1]);
  assertSame([UNUSED, HELD_OUT, 0, 1, 2].map(size), [2, 1, 0, 2, 0]);
});

interface Stages {
  readonly gene_sets: readonly {
    readonly num_stages: number;
    readonly n_genes?: number;
    readonly special_ids: readonly number[];
    readonly keep_base_id: boolean;
    readonly incre_only: boolean;
    readonly base_ratio: number;
    readonly permutations_drawn: readonly (readonly number[])[];
    readonly important_genes_flat: readonly number[];
    readonly important_genes_per_dataset: readonly number[];
    readonly num_per_stage: readonly number[];
    readonly stage_genes: readonly (readonly number[])[];
  }[];
  readonly data_partition: readonly {
    readonly num_stages: number;
    readonly base_ratio: number;
    readonly n_cells: number;
    readonly permutation: readonly number[];
    readonly stage_cells: readonly (readonly number[])[];
  }[];
}

golden<Stages>("partitionBy() deals cells as the reference does", "data/stages.json", (fixture) => {
  for (const row of fixture.data_partition) {
    const partition = partitionBy(stored(row.permutation), {
      heldOut: 0,
      stages: deal(row.n_cells, row.base_ratio, row.num_stages - 1),
    });
    row.stage_cells.forEach((cells, stage) => {
      assertSame(partition.size(stage), cells.length);
      assertSame(cells.filter((cell) => partition.part(cell) !== stage), []);
    });
  }
});

golden<Stages>(
  "arrange() shows each stage the reference's genes",
  "data/stages.json",
  (fixture) => {
    for (const row of fixture.gene_sets) {
      if (row.n_genes === undefined) {
        const counts = [0, ...aggregate(row.important_genes_per_dataset, row.num_stages - 1)];
        assertSame(counts, row.num_per_stage);
        continue;
      }
      const [order, sizes] = row.keep_base_id
        ? [row.important_genes_flat, row.important_genes_per_dataset]
        : dealtGenes(row.permutations_drawn[0], row.base_ratio, row.num_stages - 1);
      let from = 0;
      const sets = sizes.map((size, i) => ({
        name: `${i}`,
        genes: order.slice(from, from += size),
      }));
      const { rank, base, stages } = arrange(row.n_genes, sets);
      const curriculum = { rank, base, stages, partition: partitionOf(0, new Map()) };
      row.stage_genes.forEach((expected, k) => {
        // The reference's random split with incre_only hides even the base from later stages.
        const shownBase = row.keep_base_id || !row.incre_only || k === 0 ? base : 0;
        const view = row.incre_only ? stages[k] : seenBy(curriculum, k);
        const shown = [...rank.keys()].filter((gene) => isVisible(rank[gene], shownBase, view));
        const genes = expected.filter((id) => !row.special_ids.includes(id));
        assertSame(shown, genes.toSorted((a, b) => a - b));
      });
    }
  },
);

function dealtGenes(order: readonly number[], baseShare: number, stages: number) {
  const [base, ...sizes] = deal(order.length, baseShare, stages);
  return [order.slice(base), sizes] as const;
}

function stored(items: readonly number[]) {
  const positions = new Map(items.map((item, position) => [item, position]));
  return {
    size: items.length,
    at: (position: number) => items[position],
    positionOf: (item: number) => positions.get(item)!,
  };
}
