/**
 * From the rows of a window to batches in their order.
 *
 * @module
 */

import type { CellBatch } from "../../../core/batch.ts";
import type { Staging } from "./staging.ts";
import { openWiden, type Widen } from "./widen_kernel.ts";

/** Genes of a cell below which calling the engine alone is quickest. */
const FEW = 64;

let widen: Widen | undefined;

/** Entries of the rows `picks`. */
export function countEntries({ offsets }: Staging, picks: Uint32Array): number {
  let entries = 0;
  for (let i = 0; i < picks.length; i++) entries += offsets[picks[i] + 1] - offsets[picks[i]];
  return entries;
}

/** Fills a batch, which is as large as it has to be, with the rows `picks`. */
export function fillBatch(
  { offsets, genes, values, cells, obs }: CellBatch,
  staging: Staging,
  picks: Uint32Array,
): void {
  offsets[0] = 0;
  for (let i = 0; i < picks.length; i++) {
    const row = picks[i], from = staging.offsets[row], to = staging.offsets[row + 1];
    cells[i] = staging.cells[row];
    copyGenes(genes, staging.genes.subarray(from, to), offsets[i]);
    values.set(staging.values.subarray(from, to), offsets[i]);
    offsets[i + 1] = offsets[i] + to - from;
  }
  let column = 0;
  for (const name in obs) {
    const codes = staging.codes[column++], out = obs[name];
    for (let i = 0; i < picks.length; i++) out[i] = codes[picks[i]];
  }
}

function copyGenes(out: Uint32Array, genes: Staging["genes"], at: number): void {
  if (!(genes instanceof Uint16Array) || genes.length < FEW) return out.set(genes, at);
  widen ??= openWiden() ?? ((words, halves, at) => words.set(halves, at));
  widen(out, genes, at);
}
