/**
 * Cells made up quickly: two others of the same type added up, molecules of both lost.
 *
 * What costs bytes and time in real atlases is as it is there: few genes of many are expressed, some
 * of them by nearly all cells; most counts are one and few are large; some cells are four times as
 * deep as others; and cells lie plate by plate and type by type.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import { derive, type Key, keyOf, type Random, stream } from "../../core/random.ts";
import type { Column } from "../../core/source.ts";
import { permutation } from "../../core/permutation.ts";

/** How much is made up. */
export interface Shape {
  readonly cells: number;
  readonly genes: number;
  /** Molecules of a cell of ordinary depth, on average. */
  readonly molecules: number;
}

/** Made-up cells in their order. */
export interface MadeUp {
  readonly symbols: readonly string[];
  /** `plate` and `cell_type`. */
  readonly columns: readonly Column[];
  /** All cells, in batches of 1,024 that are theirs; the same ones every time. */
  batches(): AsyncGenerator<CellBatch>;
}

/** A cell from which others are made: its genes, ascending, and their counts. */
interface Parent {
  readonly genes: Uint32Array;
  readonly counts: Uint16Array;
}

const PLATES = 12, TYPES = 13, BATCH = 1024;
/** Types from here on are of deeply sequenced cells; each is this share of a plate. */
const DEEP = { from: 8, share: 0.12 / 5, times: 4.6 };
/** Parents of each type. */
const PARENTS = 48;
/** Spread of the logarithm of: expression across genes, across genes between types, library sizes. */
const SPREAD = { gene: 2.6, type: 0.7, library: 0.4 };

/** The cells of this shape. */
export function madeUp(shape: Shape): MadeUp {
  const key = keyOf(1), parents = parentsOf(shape, key);
  const plates = permutation(PLATES * TYPES, derive(key, "plates"));
  const perPlate = Math.ceil(shape.cells / PLATES);

  /** Cells of each type on a plate up to and with it; types differ in their share by up to ten times. */
  const upTo = Array.from({ length: PLATES }, (_, plate) => {
    const ordinary = Array.from({ length: DEEP.from }, (_, type) => {
      return 0.1 + plates.at(plate * TYPES + type) / (PLATES * TYPES);
    });
    const sum = ordinary.reduce((a, b) => a + b), left = 1 - (TYPES - DEEP.from) * DEEP.share;
    let share = 0;
    return Array.from({ length: TYPES }, (_, type) => {
      share += type < DEEP.from ? left * ordinary[type] / sum : DEEP.share;
      return share * perPlate;
    });
  });

  /** `choice` draws parents, `loss` the molecules that are lost. */
  function batchFrom(first: number, choice: Random, loss: Random): CellBatch {
    const size = Math.min(BATCH, shape.cells - first);
    const cells = Uint32Array.from({ length: size }, (_, i) => first + i);
    const plate = cells.map((cell) => Math.floor(cell / perPlate));
    const type = cells.map((cell, i) =>
      Math.max(0, upTo[plate[i]].findIndex((end) => cell - plate[i] * perPlate < end))
    );
    const offsets = new Uint32Array(size + 1), pairs: [Parent, Parent][] = [];
    for (let i = 0; i < size; i++) {
      choice.at(first + i);
      const draw = () => parents[type[i]][choice.below(PARENTS)], a = draw(), b = draw();
      pairs.push([a, b]);
      offsets[i + 1] = offsets[i] + a.genes.length + b.genes.length;
    }
    const genes = new Uint32Array(offsets[size]), values = new Float32Array(offsets[size]);
    let end = 0;
    for (let i = 0; i < size; i++) {
      loss.at(first + i);
      offsets[i] = end;
      end = fillCell({ genes, values, from: end }, pairs[i], loss);
    }
    offsets[size] = end;
    return {
      cells,
      offsets,
      genes: genes.slice(0, end),
      values: values.slice(0, end),
      obs: { plate: Int32Array.from(plate), cell_type: Int32Array.from(type) },
    };
  }
  return {
    symbols: Array.from({ length: shape.genes }, (_, gene) => `G${gene + 1}`),
    columns: [
      { name: "plate", categories: named("plate", PLATES) },
      { name: "cell_type", categories: named("type", TYPES) },
    ],
    async *batches() {
      const choice = stream(derive(key, "choice")), loss = stream(derive(key, "loss"));
      for (let first = 0; first < shape.cells; first += BATCH) yield batchFrom(first, choice, loss);
    },
  };
}

/** The parents of every type. */
function parentsOf({ genes, molecules }: Shape, key: Key): readonly (readonly Parent[])[] {
  const random = stream(derive(key, "parents"));
  const popularity = Float64Array.from({ length: genes }, () => SPREAD.gene * random.normal());
  return Array.from({ length: TYPES }, (_, type) => {
    const rates = popularity.map((level) => Math.exp(level + SPREAD.type * random.normal()));
    const sum = rates.reduce((a, b) => a + b), times = type < DEEP.from ? 1 : DEEP.times;
    return Array.from({ length: PARENTS }, () => {
      const depth = molecules * times * Math.exp(SPREAD.library * random.normal()) / 1.4;
      const counts = rates.map((rate) => poisson(random, depth * rate / sum));
      const expressed = Uint32Array.from(counts.keys()).filter((gene) => counts[gene] > 0);
      return { genes: expressed, counts: Uint16Array.from(expressed, (gene) => counts[gene]) };
    });
  });
}

/** Writes a child of two parents and returns where it ends. */
function fillCell(
  { genes, values, from }: { readonly genes: Uint32Array; values: Float32Array; from: number },
  [a, b]: readonly [Parent, Parent],
  random: Random,
): number {
  const keepA = 0.5 + 0.45 * random.uniform(), keepB = 0.4 + 0.5 * random.uniform();
  let i = 0, j = 0, at = from;
  while (i < a.genes.length || j < b.genes.length) {
    const geneA = i < a.genes.length ? a.genes[i] : Infinity;
    const geneB = j < b.genes.length ? b.genes[j] : Infinity, gene = Math.min(geneA, geneB);
    let count = 0;
    if (geneA === gene) count += kept(random, a.counts[i++], keepA);
    if (geneB === gene) count += kept(random, b.counts[j++], keepB);
    if (count === 0) continue;
    genes[at] = gene;
    values[at++] = count;
  }
  return at;
}

/** How many of `count` molecules are kept, each with that chance; of many, about how many. */
function kept(random: Random, count: number, chance: number): number {
  if (count > 16) {
    const spread = Math.sqrt(count * chance * (1 - chance));
    return Math.min(count, Math.max(0, Math.round(count * chance + spread * random.normal())));
  }
  let left = 0;
  for (let molecule = 0; molecule < count; molecule++) if (random.uniform() < chance) left++;
  return left;
}

/** A Poisson count: by multiplying uniform numbers (Knuth), for large means by the normal law. */
function poisson(random: Random, mean: number): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let left = random.uniform(); left > limit; left *= random.uniform()) count++;
  return count;
}

const named = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${what}-${String(i + 1).padStart(2, "0")}`);
