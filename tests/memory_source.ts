/**
 * A real source over cells that are made when they are read: for tests that need no files.
 *
 * @module
 */

import type { CellBatch } from "../core/batch.ts";
import { keyOf, stream } from "../core/random.ts";
import type { Source } from "../core/source.ts";
import { sourceOf } from "../streams/reading/read_blocks.ts";

/** What the cells are like. */
export interface MemoryCells {
  readonly cells: number;
  readonly genes: number;
  /** Multiplies the counts of these genes. */
  readonly louder?: { readonly genes: (gene: number) => boolean; readonly by: number };
}

const BLOCK = 16;

/** Counts of which each is a function of (cell, gene); column "type" has two categories. */
export function memorySource({ cells, genes, louder }: MemoryCells): Source {
  const sizes = Array.from(
    { length: Math.ceil(cells / BLOCK) },
    (_, block) => Math.min(BLOCK, cells - block * BLOCK),
  );
  const random = stream(keyOf(7));

  function entries(block: number): Pick<CellBatch, "offsets" | "genes" | "values"> {
    const ids: number[] = [], values: number[] = [], offsets = [0];
    for (let i = 0; i < sizes[block]; i++) {
      random.at(block * BLOCK + i);
      for (let gene = 0; gene < genes; gene++) {
        if (random.uniform() < 0.3) continue;
        const count = 1 + random.below(gene % 5 + 2);
        ids.push(gene);
        values.push(louder?.genes(gene) ? count * louder.by : count);
      }
      offsets.push(ids.length);
    }
    return {
      offsets: Uint32Array.from(offsets),
      genes: Uint32Array.from(ids),
      values: Float32Array.from(values),
    };
  }
  return sourceOf({
    vocabulary: { symbols: Array.from({ length: genes }, (_, gene) => `GENE${gene}`) },
    values: "counts",
    columns: [{ name: "type", categories: ["a", "b"] }],
    sizes,
    open: () => ({
      codes: (block) =>
        Promise.resolve({
          type: Int32Array.from({ length: sizes[block] }, (_, i) => (block * BLOCK + i) % 2),
        }),
      entries: (block) => Promise.resolve(entries(block)),
      close: () => Promise.resolve(),
    }),
  });
}
