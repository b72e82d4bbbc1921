/**
 * What holds of every sampler.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import fc from "fast-check";
import { type CellBatch, selectCells } from "../../core/batch.ts";
import { derive, type Key, keyOf, stream } from "../../core/random.ts";
import type { Sampler } from "../../core/sampler.ts";
import { padId, type TokenBatch } from "../../core/tokens.ts";
import { sample } from "../../streams/sample.ts";
import { assertSame } from "../first_difference.ts";
import { cellBatch, key } from "./arbitraries.ts";
import { through } from "./through.ts";

/** The probability that each gene of a cell with these values is among the first `draws`. */
export type Inclusion = (values: Float32Array, draws: number) => ArrayLike<number>;

const GENES = 9;

/**
 * Registers the laws of a sampler as tests: it shows only genes of the cell, none twice, keeps all
 * where there is room, what it draws for a cell does not depend on the batch or on the cells before,
 * and cells may have thousands of genes. Where the exact inclusion probabilities are known, what is
 * drawn is held against them.
 *
 * @param make Makes one as an experiment would; called anew for every check.
 * @param inclusion Exact probabilities for cells of up to 12 genes; undefined where nobody knows.
 */
export function samplerLaws(name: string, make: () => Sampler, inclusion?: Inclusion): void {
  const law = (
    claim: string,
    check: (batch: CellBatch, row: (batch: CellBatch) => Promise<TokenBatch>) => Promise<void>,
  ) =>
    Deno.test(`${name} ${claim}`, () =>
      fc.assert(fc.asyncProperty(
        cellBatch({ genes: GENES, maxCells: 5, scale: "log1p" }),
        fc.integer({ min: 1, max: GENES + 1 }),
        key(),
        (batch, length, key) => {
          const operator = () => sample(make(), { length, genes: GENES, key });
          return check(batch, async (cells) => (await through(operator(), cells))[0]);
        },
      )));

  law("shows only genes of the cell, each with its value, none twice", async (batch, rows) => {
    const { length, genes, target } = await rows(batch);
    forEachCell(batch, (own, i) => {
      for (let p = i * length + 1; p < (i + 1) * length; p++) {
        if (genes[p] === padId(GENES)) continue;
        ok(own.has(genes[p]), `row ${i} shows gene ${genes[p]}, which it lacks or has already`);
        assertSame(target[p], own.get(genes[p]));
        own.delete(genes[p]);
      }
    });
  });

  law("keeps all genes of a cell that fits, and fills the row of one that does not", async (
    batch,
    rows,
  ) => {
    const { length, padding } = await rows(batch);
    forEachCell(batch, (own, i) => {
      const shown = padding.subarray(i * length, (i + 1) * length).filter((pad) =>
        pad === 0
      ).length;
      assertSame(shown, 1 + Math.min(own.size, length - 1));
    });
  });

  law("draws the same for a cell in every batch", async (batch, rows) => {
    const together = await rows(batch), { length } = together;
    for (let i = batch.cells.length - 1; i >= 0; i--) {
      const alone = await rows(selectCells(batch, [i]));
      assertSame(alone.genes, together.genes.subarray(i * length, (i + 1) * length));
    }
  });

  law("never writes its input", async (batch, rows) => {
    const before = structuredClone(batch);
    await rows(batch);
    assertSame(batch, before);
  });

  Deno.test(`${name} draws from thousands of genes, whatever cell came before, none twice`, () => {
    const large = fc.integer({ min: 2000, max: 6000 }), more = fc.nat(20);
    const draws = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 2000 }));
    fc.assert(fc.property(large, draws, more, key(), (large, draws, more, key) => {
      const sampler = make(), small = draws + more;
      const [before, first, after, again] = [small, large, small, large].map((size) => {
        const chosen = chosenOf(sampler, valuesOf(size, key), draws, key);
        const different = new Set(chosen).size;
        chosen.forEach((entry) => ok(entry < size, `entry ${entry} is chosen, of ${size}`));
        ok(
          different === draws,
          `of ${size} genes, ${draws} are drawn, and ${different} of them differ`,
        );
        return chosen;
      });
      assertSame(after, before);
      assertSame(again, first);
    }));
  });

  if (inclusion === undefined) return;
  for (const counts of [[1, 3], [1, 1, 5], [2, 1, 1, 7], [1, 1, 1, 2, 40], [1, 9, 2, 2, 6, 30]]) {
    Deno.test(`${name} includes each of ${counts.length} genes as often as enumeration says`, () => {
      const values = Float32Array.from(counts, Math.log1p);
      for (let draws = 1; draws < values.length; draws++) {
        const exact = inclusion(values, draws), trials = 20_000;
        const found = drawn(make(), values, draws, trials);
        found.forEach((times, gene) =>
          ok(
            Math.abs(deviation(times, exact[gene], trials)) < 5,
            `gene ${gene} of ${draws} drawn: ${times / trials} instead of ${exact[gene]}`,
          )
        );
      }
    });
  }

  Deno.test(`${name} includes each of 12 genes as often as it should, by a χ² test`, () => {
    const values = Float32Array.from([1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 9, 25], Math.log1p);
    const exact = inclusion(values, 6), trials = 3000;
    let chi2 = 0, degrees = 0;
    for (let gene = 0; gene < values.length; gene++) {
      if (trials * exact[gene] * (1 - exact[gene]) < 5) continue;
      // Each gene is counted in trials of its own, so that the counts are independent.
      const times = drawn(make(), values, 6, trials, gene * trials)[gene];
      chi2 += deviation(times, exact[gene], trials) ** 2;
      degrees++;
    }
    ok(chi2 < limitOf(degrees), `χ² is ${chi2} with ${degrees} degrees of freedom`);
  });
}

/** Calls `visit` with each cell's values by gene. */
function forEachCell(
  { cells, offsets, genes, values }: CellBatch,
  visit: (own: Map<number, number>, cell: number) => void,
): void {
  for (let i = 0; i < cells.length; i++) {
    const own = new Map<number, number>();
    for (let e = offsets[i]; e < offsets[i + 1]; e++) own.set(genes[e], values[e]);
    visit(own, i);
  }
}

/** What a sampler chooses of a cell with these values. */
function chosenOf(sampler: Sampler, values: Float32Array, draws: number, key: Key): Uint32Array {
  const random = stream(key), chosen = new Uint32Array(draws);
  random.at(0);
  sampler(Uint32Array.from(values.keys()), values, random, chosen);
  return chosen;
}

/** Logarithms of small counts, so that many are equal. */
function valuesOf(genes: number, key: Key): Float32Array {
  const random = stream(derive(key, "values"));
  return Float32Array.from({ length: genes }, () => Math.log1p(1 + random.below(30)));
}

/** How often each gene is among the `draws` drawn, at `trials` positions of a stream. */
function drawn(sampler: Sampler, values: Float32Array, draws: number, trials: number, from = 0) {
  const random = stream(keyOf(draws)), chosen = new Uint32Array(draws);
  const genes = Uint32Array.from(values.keys()), found = new Uint32Array(values.length);
  for (let trial = 0; trial < trials; trial++) {
    random.at(from + trial);
    sampler(genes, values, random, chosen);
    for (const gene of chosen) found[gene]++;
  }
  return found;
}

/** Standard deviations between what was counted and what is expected; 0 where nothing can vary. */
function deviation(times: number, probability: number, trials: number): number {
  const spread = Math.sqrt(trials * probability * (1 - probability));
  return spread < 1e-9 ? times - trials * probability : (times - trials * probability) / spread;
}

/** What χ² exceeds once in a million times (Wilson and Hilferty's cube). */
const limitOf = (degrees: number) =>
  degrees * (1 - 2 / (9 * degrees) + 4.75 * Math.sqrt(2 / (9 * degrees))) ** 3;
