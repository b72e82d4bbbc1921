/**
 * What holds of every transform.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import fc from "fast-check";
import type { OperatorFunction } from "rxjs";
import { type CellBatch, concatCells, selectCells } from "../../core/batch.ts";
import type { Scale } from "../../core/source.ts";
import { assertSame } from "../first_difference.ts";
import { cellBatch } from "./arbitraries.ts";
import { through } from "./through.ts";

/**
 * Registers the laws of a transform as tests: it keeps the cells and their order, never writes its
 * input, treats each cell alone and gives finite values.
 *
 * @param make Makes one as an experiment would; called anew for every check.
 * @param options `takes`: what the values are on the way in; any unless given.
 */
export function transformLaws(
  name: string,
  make: () => OperatorFunction<CellBatch, CellBatch>,
  options: { readonly takes?: Scale } = {},
): void {
  const batches = cellBatch({ genes: 9, maxCells: 5, scale: options.takes });
  const law = (claim: string, check: (batch: CellBatch) => Promise<void>) =>
    Deno.test(`${name} ${claim}`, () => fc.assert(fc.asyncProperty(batches, check)));
  const apply = async (batch: CellBatch) => concatCells(await through(make(), batch));

  law("keeps the cells, their order and their columns", async (batch) => {
    const { cells, obs } = await apply(batch);
    assertSame({ cells, obs }, { cells: batch.cells, obs: batch.obs });
  });

  law("gives every cell entries of its own genes, none twice", async (batch) => {
    const { offsets, genes, values } = await apply(batch);
    assertSame([offsets[0], offsets[batch.cells.length]], [0, genes.length]);
    assertSame(values.length, genes.length);
    for (let i = 0; i < batch.cells.length; i++) {
      const own = new Set(batch.genes.subarray(batch.offsets[i], batch.offsets[i + 1]));
      for (const gene of genes.subarray(offsets[i], offsets[i + 1])) {
        ok(own.delete(gene), `cell ${i} got gene ${gene}, which it lacks or has already`);
      }
    }
  });

  law("gives finite values, none of them zero", async (batch) => {
    const { values } = await apply(batch);
    values.forEach((value, e) =>
      ok(Number.isFinite(value) && value !== 0, `entry ${e} became ${value}`)
    );
  });

  law("never writes its input", async (batch) => {
    const before = structuredClone(batch);
    await apply(batch);
    assertSame(batch, before);
  });

  law("treats each cell alone", async (batch) => {
    const together = await apply(batch);
    for (let i = 0; i < batch.cells.length; i++) {
      assertSame(await apply(selectCells(batch, [i])), selectCells(together, [i]));
    }
  });

  law("does not depend on the batches before", async (batch) => {
    const [, second] = await through(make(), batch, batch);
    assertSame(second, await apply(batch));
  });
}
