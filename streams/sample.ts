/**
 * From cells of any number of genes to rows of one length.
 *
 * @module
 */

import { map, type OperatorFunction } from "rxjs";
import type { CellBatch } from "../core/batch.ts";
import { RunError } from "../core/errors.ts";
import { derive, type Key, type Random, stream } from "../core/random.ts";
import type { Sampler } from "../core/sampler.ts";
import { clsId, padId, type TokenBatch } from "../core/tokens.ts";

/** What rows shall look like. */
export interface Rows {
  /** Genes in a row; a row has one position more, for the cell token. */
  readonly length: number;
  /** Genes in the vocabulary. */
  readonly genes: number;
}

/**
 * Writes each cell as a row: the cell token, then its genes. A cell with fewer than `length` genes
 * keeps them all in stored order and is padded; otherwise, also with just as many, the sampler
 * chooses and orders them. What a cell shows depends on the key and its row in the atlas alone.
 */
export function sample(
  sampler: Sampler,
  { key, ...rows }: Rows & { readonly key: Key },
): OperatorFunction<CellBatch, TokenBatch> {
  const random = stream(derive(key, "sample"));
  return map((batch) => sampleCells(batch, sampler, random, rows));
}

/**
 * What `sample` does to one batch, with the randomness handed over.
 *
 * @throws RunError when the sampler chooses an entry that the cell has not.
 */
export function sampleCells(
  batch: CellBatch,
  sampler: Sampler,
  random: Random,
  { length, genes: vocabulary }: Rows,
): TokenBatch {
  const { cells, offsets, obs } = batch;
  const positions = length + 1, size = cells.length * positions;
  const genes = new Int32Array(size).fill(padId(vocabulary));
  const target = new Float32Array(size);
  const padding = new Uint8Array(size).fill(1);
  const chosen = new Uint32Array(length);

  for (let i = 0; i < cells.length; i++) {
    const from = offsets[i], to = offsets[i + 1], n = to - from, row = i * positions;
    genes[row] = clsId(vocabulary);
    padding[row] = 0;
    if (n >= length) {
      random.at(cells[i]);
      // Views, not copies: nothing of a cell's size is allocated.
      sampler(batch.genes.subarray(from, to), batch.values.subarray(from, to), random, chosen);
    }
    for (let p = 0; p < length && p < n; p++) {
      const entry = from + (n >= length ? chosen[p] : p);
      if (entry >= to) throw strayed(cells[i], chosen[p], n);
      genes[row + 1 + p] = batch.genes[entry];
      target[row + 1 + p] = batch.values[entry];
      padding[row + 1 + p] = 0;
    }
  }
  const masked = new Uint8Array(size);
  // Nothing is masked yet, so the model would see the true values themselves.
  return { cells, length: positions, genes, input: target, target, padding, masked, obs };
}

const strayed = (cell: number, entry: number, entries: number): RunError =>
  new RunError({
    message:
      `Cannot show cell ${cell}: the sampler chose entry ${entry}, and the cell has ${entries}, ` +
      `counted from 0; samplerLaws of "gil/laws" show what else it does`,
  });
