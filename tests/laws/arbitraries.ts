/**
 * Arbitrary cells, tokens, gene sets and curricula, all well-formed and small, that shrink towards
 * one cell with one gene.
 *
 * @example A property of all cells
 * ```ts
 * import fc from "fast-check";
 * import { cellBatch } from "gil/laws";
 *
 * fc.assert(fc.property(cellBatch({ genes: 5, maxCells: 3 }), ({ cells, offsets }) =>
 *   offsets.length === cells.length + 1
 * ));
 * ```
 *
 * @module
 */

import fc from "fast-check";
import type { CellBatch } from "../../core/batch.ts";
import { arrange, type Curriculum, type Survey } from "../../core/curriculum.ts";
import { dealCells, partitionBy } from "../../core/partition.ts";
import { permutation } from "../../core/permutation.ts";
import { type Key, keyOf } from "../../core/random.ts";
import type { Scale } from "../../core/source.ts";
import { clsId, MASK_VALUE, paddingRows, type TokenBatch } from "../../core/tokens.ts";

/** Any key of the random streams. */
export const key = (): fc.Arbitrary<Key> => fc.nat().map(keyOf);

/**
 * Values as float32, never zero: counts are small whole numbers with many ones, the others the
 * logarithms or halves of such.
 */
export function cellValue(scale: Scale | undefined): fc.Arbitrary<number> {
  const count = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 5000 }) },
  );
  if (scale === "log1p") return count.map((n) => Math.fround(Math.log1p(n)));
  return scale === undefined ? count.map((n) => n / 2) : count;
}

/** What cells shall be like. */
export interface CellOptions {
  /** Genes in the vocabulary. */
  readonly genes: number;
  readonly maxCells: number;
  /** What the values are; neither counts nor logarithms unless given. */
  readonly scale?: Scale | undefined;
  /** Cells in the atlas: rows are below; 1,000 unless given. */
  readonly rows?: number;
}

/**
 * At least one cell, each with any number of genes in ascending order, none included; no row twice.
 * Column "type" has three categories and -1.
 */
export function cellBatch(
  { genes, maxCells, scale, rows = 1000 }: CellOptions,
): fc.Arbitrary<CellBatch> {
  const cell = fc.record({
    genes: fc.uniqueArray(fc.nat(genes - 1), { maxLength: genes }),
    values: fc.array(cellValue(scale), { minLength: genes, maxLength: genes }),
    type: fc.integer({ min: -1, max: 2 }),
  });
  return fc.uniqueArray(fc.nat(rows - 1), { minLength: 1, maxLength: Math.min(maxCells, rows) })
    .chain((cells) =>
      fc.array(cell, { minLength: cells.length, maxLength: cells.length })
        .map((contents) => batchOf(cells, contents))
    );
}

function batchOf(
  cells: readonly number[],
  contents: readonly { genes: readonly number[]; values: readonly number[]; type: number }[],
): CellBatch {
  const offsets = new Uint32Array(cells.length + 1);
  contents.forEach(({ genes }, i) => offsets[i + 1] = offsets[i] + genes.length);
  return {
    cells: Uint32Array.from(cells),
    offsets,
    genes: Uint32Array.from(contents.flatMap(({ genes }) => genes.toSorted((a, b) => a - b))),
    values: Float32Array.from(
      contents.flatMap(({ genes, values }) => values.slice(0, genes.length)),
    ),
    obs: { type: Int32Array.from(contents, ({ type }) => type) },
  };
}

/** What rows of tokens shall be like. */
export interface TokenOptions {
  /** Genes in the vocabulary. */
  readonly genes: number;
  readonly maxCells: number;
  /** Positions in a row, the cell token included. */
  readonly length: number;
}

/** At least one row: the cell token, different genes in any order, some masked, then padding. */
export function tokenBatch({ genes, maxCells, length }: TokenOptions): fc.Arbitrary<TokenBatch> {
  const row = fc.record({
    genes: fc.uniqueArray(fc.nat(genes - 1), { maxLength: Math.min(genes, length - 1) }),
    values: fc.array(cellValue("log1p"), { minLength: length, maxLength: length }),
    masked: fc.array(fc.boolean(), { minLength: length, maxLength: length }),
    type: fc.integer({ min: -1, max: 2 }),
  });
  return fc.uniqueArray(fc.nat(999), { minLength: 1, maxLength: maxCells }).chain((cells) =>
    fc.array(row, { minLength: cells.length, maxLength: cells.length }).map((contents) => {
      const tokens = {
        ...paddingRows(Uint32Array.from(cells), { length, genes }),
        obs: { type: Int32Array.from(contents, ({ type }) => type) },
      };
      contents.forEach((content, i) => {
        tokens.genes[i * length] = clsId(genes);
        tokens.padding[i * length] = 0;
        content.genes.forEach((gene, g) => {
          const p = i * length + 1 + g;
          tokens.genes[p] = gene;
          tokens.target[p] = content.values[g];
          tokens.input[p] = content.masked[g] ? MASK_VALUE : content.values[g];
          tokens.masked[p] = Number(content.masked[g]);
          tokens.padding[p] = 0;
        });
      });
      return tokens;
    })
  );
}

/** Disjoint, non-empty lists of genes, in any order, that leave at least one gene for the base. */
export function geneSets(
  { genes, maxSets }: { readonly genes: number; readonly maxSets: number },
): fc.Arbitrary<number[][]> {
  return fc.record({
    order: fc.shuffledSubarray([...Array(genes).keys()], { minLength: genes, maxLength: genes }),
    cuts: fc.uniqueArray(fc.integer({ min: 1, max: genes - 1 }), {
      minLength: 1,
      maxLength: Math.min(maxSets, genes - 1),
    }),
  }).map(({ order, cuts }) => {
    const ends = cuts.toSorted((a, b) => a - b);
    return ends.map((end, i) => order.slice(i === 0 ? 0 : ends[i - 1], end));
  });
}

/** A curriculum of sets called "a", "b", … with cells dealt to all parts. */
export function curriculum(
  { genes, maxSets, cells = 1000 }: {
    readonly genes: number;
    readonly maxSets: number;
    /** Cells in the atlas. */
    readonly cells?: number;
  },
): fc.Arbitrary<Curriculum> {
  return fc.record({ sets: geneSets({ genes, maxSets }), key: key() }).map(({ sets, key }) => ({
    ...arrange(genes, sets.map((genes, i) => ({ name: nameOf(i), genes }))),
    partition: partitionBy(
      permutation(cells, key),
      dealCells({ cells, sets: sets.length, heldOut: 0.1, baseShare: 0.5 }),
    ),
  }));
}

/**
 * What a curriculum may look at: up to six sets, more than four genes and cells for each, in any
 * ratio. Every set expresses some genes far more than the other sets do, and all genes a little.
 */
export function survey(): fc.Arbitrary<Survey> {
  return fc.record({ sets: fc.integer({ min: 1, max: 6 }), noise: fc.nat() }).chain(
    ({ sets, noise }) =>
      fc.record({
        genes: fc.integer({ min: 4 * sets + 1, max: 60 }),
        cells: fc.integer({ min: 4 * sets + 8, max: 90 }),
      }).map(({ genes, cells }) => surveyOf({ genes, cells, sets, noise })),
  );
}

/** A survey of sets called "a", "b", …; set i expresses genes i, i + sets, … most. */
export function surveyOf(
  { genes, cells, sets, noise = 0 }: {
    readonly genes: number;
    readonly cells: number;
    readonly sets: number;
    readonly noise?: number;
  },
): Survey {
  const order = permutation(genes, keyOf(noise));
  const sums = Array.from(
    { length: sets },
    (_, set) =>
      Float64Array.from(
        { length: genes },
        (_, gene) =>
          1 + ((order.at(gene) * (set + 1)) % 17) + (gene % sets === set ? 1000 + gene : 0),
      ),
  );
  return {
    symbols: Array.from({ length: genes }, (_, gene) => `GENE${gene}`),
    cells,
    sets: Array.from({ length: sets }, (_, set) => nameOf(set)),
    sums: () => Promise.resolve(sums),
  };
}

const nameOf = (set: number) => String.fromCharCode(97 + set);
