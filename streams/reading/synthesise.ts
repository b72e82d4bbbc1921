/**
 * Synthetic cells as a source: made when they are read, never kept.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import { keyOf } from "../../core/random.ts";
import type { Scale } from "../../core/source.ts";
import { synthetic, type SyntheticShape } from "../../core/synthetic.ts";
import type { Blocks, Entries } from "./blocks.ts";
import type { AtlasInput } from "../atlas/write_atlas.ts";
import { readBlocks } from "./read_blocks.ts";

/** A made-up study in blocks, and as the batches that `writeAtlas` takes. */
export interface Synthesised extends Blocks {
  readonly values: "counts" & Scale;
  /** All cells in row order, with both columns. */
  batches(): AsyncIterable<CellBatch>;
}

const BLOCK = 1024;

/** The study of this shape and seed; every cell is a function of (seed, row). */
export function synthesise(shape: SyntheticShape & { readonly seed: number }): Synthesised {
  const study = synthetic(shape, keyOf(shape.seed)), { columns } = study;
  const counts = new Float32Array(shape.genes);
  const sizes = Array.from(
    { length: Math.ceil(shape.cells / BLOCK) },
    (_, block) => Math.min(BLOCK, shape.cells - block * BLOCK),
  );

  function codes(block: number, names: readonly string[]): CellBatch["obs"] {
    const both = columns.map(() => new Int32Array(sizes[block]));
    for (let row = 0; row < sizes[block]; row++) {
      study.labels(block * BLOCK + row).forEach((code, c) => both[c][row] = code);
    }
    const known = new Map(columns.map(({ name }, c) => [name, both[c]]));
    return Object.fromEntries(names.map((name) => [name, known.get(name)!]));
  }
  function entries(block: number): Entries {
    const offsets = new Uint32Array(sizes[block] + 1);
    const genes: number[] = [], values: number[] = [];
    for (let row = 0; row < sizes[block]; row++) {
      study.fillCounts(counts, block * BLOCK + row);
      for (let gene = 0; gene < counts.length; gene++) {
        if (counts[gene] === 0) continue;
        genes.push(gene);
        values.push(counts[gene]);
      }
      offsets[row + 1] = genes.length;
    }
    return { offsets, genes: Uint32Array.from(genes), values: Float32Array.from(values) };
  }

  const blocks: Blocks = {
    vocabulary: { symbols: study.symbols },
    values: "counts",
    columns,
    sizes,
    open: () => ({
      codes: (block, names) => Promise.resolve(codes(block, names)),
      entries: (block) => Promise.resolve(entries(block)),
      close: () => Promise.resolve(),
    }),
  };
  const request = {
    batch: BLOCK,
    order: "stored",
    columns: columns.map(({ name }) => name),
  } as const;
  return { ...blocks, values: "counts", batches: () => readBlocks(blocks, request) };
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
