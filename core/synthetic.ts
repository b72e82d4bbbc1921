/**
 * Cells that never lived: a seeded model of single-cell counts whose every cell is a function of
 * (key, row).
 *
 * Genes belong to modules and go up and down with them, so the expression of one tells of the others;
 * cell types differ in how active the modules are. Each data set holds some of the types and
 * expresses genes of its own strongly. Library sizes are lognormal, counts negative binomial.
 *
 * @module
 */

import { permutation } from "./permutation.ts";
import { derive, type Key, type Random, stream } from "./random.ts";
import type { Column } from "./source.ts";

/** How large the made-up study is. */
export interface SyntheticShape {
  readonly cells: number;
  readonly genes: number;
  readonly cellTypes: number;
  readonly dataSets: number;
  /** Groups of genes that go up and down together. */
  readonly modules: number;
  /** Median of the sum of a cell's counts. */
  readonly depth: number;
}

/** A made-up study. */
export interface Synthetic {
  readonly symbols: readonly string[];
  /** `dataset` and `cell_type`. */
  readonly columns: readonly [Column, Column];
  /** Codes of the cell at `row` in both columns. */
  labels(row: number): readonly [dataSet: number, cellType: number];
  /** Fills `counts`, one a gene, with those of the cell at `row`. */
  fillCounts(counts: Float32Array, row: number): void;
}

/** Spread of the logarithm of: expression across genes, modules across types, across cells; library sizes. */
const SPREAD = { gene: 1.1, type: 1.3, cell: 0.2, library: 0.35 };
/** Variance of a count is mean + mean² / DISPERSION. */
const DISPERSION = 12;
/** One gene in 16 is strong in each data set: this much above the others there, and elsewhere. */
const STRONG = { share: 1 / 16, own: 8, elsewhere: 1.5 };
/** How many times deeper the first data set is sequenced than one past the last would be. */
const PROTOCOLS = 64;
/** Share of the cell types that a data set holds, where there are several data sets. */
const TYPES_HELD = 2 / 3;

/** The study that `key` names; data sets lie one after the other, as in a union of real ones. */
export function synthetic(shape: SyntheticShape, key: Key): Synthetic {
  const { genes, cellTypes, dataSets, modules } = shape;
  const popularity = draw(genes, derive(key, "gene"), (r) => Math.exp(SPREAD.gene * r.normal()));
  const module = draw(genes, derive(key, "module"), (r) => r.below(modules));
  const loading = draw(genes, derive(key, "loading"), (r) => 0.5 + r.uniform());
  const activity = draw(cellTypes * modules, derive(key, "type"), (r) => SPREAD.type * r.normal());
  const strong = Math.floor(genes * STRONG.share),
    order = permutation(genes, derive(key, "strong"));
  const held = dataSets === 1 ? cellTypes : Math.max(1, Math.round(cellTypes * TYPES_HELD));
  const perSet = Math.ceil(shape.cells / dataSets);
  const random = stream(derive(key, "cell"));
  const rates = new Float64Array(genes), levels = new Float64Array(modules);

  /** Expression of a gene in a data set before types and cells are looked at. */
  const basal = Array.from(
    { length: dataSets },
    (_, set) =>
      Float64Array.from(popularity, (level, gene) => {
        const owner = Math.floor(order.positionOf(gene) / Math.max(1, strong));
        if (owner >= dataSets) return level;
        return owner === set ? STRONG.own * Math.max(1, level) : STRONG.elsewhere * level;
      }),
  );

  /** Goes to the cell's own stream and draws what comes first in it: its type. */
  function labels(row: number): readonly [number, number] {
    random.at(row);
    const set = Math.floor(row / perSet), first = Math.floor(set * cellTypes / dataSets);
    // The type that comes k-th in its data set has a share proportional to 1 / (2 + k).
    let total = 0, rank = 0;
    for (let k = 0; k < held; k++) total += 1 / (2 + k);
    for (let rest = random.uniform() * total; rank < held - 1; rank++) {
      if ((rest -= 1 / (2 + rank)) < 0) break;
    }
    return [set, (first + rank) % cellTypes];
  }

  return {
    symbols: Array.from({ length: genes }, (_, gene) => symbolOf(gene, genes)),
    columns: [
      { name: "dataset", categories: named("set", dataSets) },
      { name: "cell_type", categories: named("type", cellTypes) },
    ],
    labels,
    fillCounts(counts, row) {
      const [set, type] = labels(row);
      const protocol = PROTOCOLS ** (0.5 - (set + 0.5) / dataSets);
      const library = shape.depth * protocol * Math.exp(SPREAD.library * random.normal());
      for (let m = 0; m < modules; m++) {
        levels[m] = activity[type * modules + m] + SPREAD.cell * random.normal();
      }
      let total = 0;
      for (let gene = 0; gene < genes; gene++) {
        rates[gene] = basal[set][gene] * Math.exp(loading[gene] * levels[module[gene]]);
        total += rates[gene];
      }
      for (let gene = 0; gene < genes; gene++) {
        counts[gene] = negativeBinomial(random, library * rates[gene] / total);
      }
    },
  };
}

/** A count of the given mean, by walking up the distribution function to one uniform number. */
function negativeBinomial(random: Random, mean: number): number {
  const step = mean / (mean + DISPERSION);
  let count = 0, chance = Math.pow(1 - step, DISPERSION), rest = random.uniform() - chance;
  while (rest >= 0 && chance > 1e-12) {
    chance *= step * (count + DISPERSION) / (count + 1);
    rest -= chance;
    count++;
  }
  return count;
}

const draw = (size: number, key: Key, next: (random: Random) => number): Float64Array => {
  const random = stream(key);
  return Float64Array.from({ length: size }, () => next(random));
};

/** "G0001": digits enough for all. */
const symbolOf = (gene: number, genes: number): string =>
  `G${String(gene + 1).padStart(Math.max(4, String(genes).length), "0")}`;

const named = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${what}-${i + 1}`);
