/**
 * Synthetic cells as a source: made when they are read, never kept.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import { keyOf } from "../../core/random.ts";
import type { Source } from "../../core/source.ts";
import { synthetic, type SyntheticShape } from "../../core/synthetic.ts";
import type { AtlasInput } from "../atlas/write_atlas.ts";

/** A made-up study as the batches that `writeAtlas` takes. */
export interface Synthesised extends Pick<Source, "vocabulary" | "columns"> {
  readonly values: "counts";
  /** All cells in row order, with both columns. */
  batches(): AsyncGenerator<CellBatch, void, undefined>;
}

/** Cells in a batch. */
const BATCH = 1024;

/** The study of this shape and seed; every cell is a function of (seed, row). */
export function synthesise(shape: SyntheticShape & { readonly seed: number }): Synthesised {
  const study = synthetic(shape, keyOf(shape.seed)), { columns } = study;
  const counts = new Float32Array(shape.genes);

  function labels(cells: Uint32Array): CellBatch["obs"] {
    const both = columns.map(() => new Int32Array(cells.length));
    cells.forEach((cell, i) => study.labels(cell).forEach((code, c) => both[c][i] = code));
    return Object.fromEntries(columns.map(({ name }, c) => [name, both[c]]));
  }
  function batchOf(cells: Uint32Array): CellBatch {
    const offsets = new Uint32Array(cells.length + 1), genes: number[] = [], values: number[] = [];
    for (let i = 0; i < cells.length; i++) {
      study.fillCounts(counts, cells[i]);
      for (let gene = 0; gene < counts.length; gene++) {
        if (counts[gene] === 0) continue;
        genes.push(gene);
        values.push(counts[gene]);
      }
      offsets[i + 1] = genes.length;
    }
    const entries = { genes: Uint32Array.from(genes), values: Float32Array.from(values) };
    return { cells, offsets, ...entries, obs: labels(cells) };
  }
  return {
    vocabulary: { symbols: study.symbols },
    values: "counts",
    columns,
    async *batches() {
      for (let from = 0; from < shape.cells; from += BATCH) {
        const length = Math.min(BATCH, shape.cells - from);
        yield batchOf(Uint32Array.from({ length }, (_, i) => from + i));
      }
    },
  };
}

/** The study of this shape and seed as an atlas to be written. */
export function syntheticAtlas(shape: SyntheticShape & { readonly seed: number }): AtlasInput {
  const { vocabulary, values, columns, batches } = synthesise(shape);
  return {
    vocabulary,
    values,
    columns,
    numbers: [],
    provenance: `made up: ${JSON.stringify(shape)}`,
    batches: batches(),
    order: "as given",
  };
}
