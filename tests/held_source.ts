/**
 * A real source over cells that are held in memory: for tests that need no files.
 *
 * @module
 */

import { type CellBatch, concatCells, selectCells } from "../core/batch.ts";
import type { ReadRequest, Source } from "../core/source.ts";
import { planRead, type PlanShape } from "../streams/reading/plan/plan_read.ts";
import { codeScan, columnOf, scanFor } from "../streams/reading/scan_codes.ts";

/** Cells, and what they are called. */
export interface HeldCells extends Pick<Source, "vocabulary" | "values" | "columns" | "cells"> {
  /** All cells in row order, with all columns; asked for when they are first read. */
  readonly held: () => Promise<CellBatch>;
  /** Neighbours that are drawn together unless a request says otherwise. */
  readonly block: number;
}

/** Reads them in the order of `planRead`. */
export function heldSource({ held, block, ...known }: HeldCells): Source {
  const { cells, columns, vocabulary } = known;
  const scan = codeScan({
    columns,
    sizes: [cells],
    open: () => ({ codes: async () => (await held()).obs, close: () => Promise.resolve() }),
  });

  async function* read(request: ReadRequest): AsyncGenerator<CellBatch, void, undefined> {
    const { batch, genes, from = 0, columns: asked = [] } = request;
    for (const name of asked) columnOf(columns, name);
    const { keep, codes } = await scanFor(scan, columns, request), all = await held();
    const shape: PlanShape = { block, window: Math.max(8192, 16 * block), codes };
    const plan = planRead(cells, { ...request, ...(keep && { keep }) }, shape), rows: number[] = [];
    for (let index = 0; index < plan.windows; index++) {
      const { spans, picks } = plan.window(index);
      const places = spans.flatMap(({ from, to }) =>
        Array.from({ length: to - from }, (_, i) => from + i)
      );
      for (const pick of picks) rows.push(places[pick]);
    }
    for (let at = from; at < rows.length; at += batch) {
      const some = selectCells(all, rows.slice(at, at + batch));
      const obs = Object.fromEntries(asked.map((name) => [name, some.obs[name]]));
      yield { ...(genes ? selectGenes(some, genes) : some), obs };
    }
  }
  return { ...known, vocabulary, read };
}

/** All cells of some batches. */
export async function allOf(batches: AsyncIterable<CellBatch>): Promise<CellBatch> {
  return concatCells(await Array.fromAsync(batches));
}

/** The batch without the entries of genes that are not wanted. */
function selectGenes(batch: CellBatch, wanted: Uint8Array): CellBatch {
  const offsets = new Uint32Array(batch.offsets.length), kept: number[] = [];
  for (let i = 0; i + 1 < offsets.length; i++) {
    for (let e = batch.offsets[i]; e < batch.offsets[i + 1]; e++) {
      if (wanted[batch.genes[e]]) kept.push(e);
    }
    offsets[i + 1] = kept.length;
  }
  return {
    ...batch,
    offsets,
    genes: Uint32Array.from(kept, (e) => batch.genes[e]),
    values: Float32Array.from(kept, (e) => batch.values[e]),
  };
}
