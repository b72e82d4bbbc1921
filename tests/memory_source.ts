/**
 * A real source over cells that are made when they are read: for tests that need no files.
 *
 * @module
 */

import type { CellBatch } from "../core/batch.ts";
import { keyOf, stream } from "../core/random.ts";
import type { Source } from "../core/source.ts";
import { heldSource } from "./held_source.ts";

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
  let held: Promise<CellBatch> | undefined;

  function made(): CellBatch {
    const ids: number[] = [], values: number[] = [], offsets = [0], random = stream(keyOf(7));
    for (let cell = 0; cell < cells; cell++) {
      random.at(cell);
      for (let gene = 0; gene < genes; gene++) {
        if (random.uniform() < 0.3) continue;
        const count = 1 + random.below(gene % 5 + 2);
        ids.push(gene);
        values.push(louder?.genes(gene) ? count * louder.by : count);
      }
      offsets.push(ids.length);
    }
    return {
      cells: Uint32Array.from({ length: cells }, (_, cell) => cell),
      offsets: Uint32Array.from(offsets),
      genes: Uint32Array.from(ids),
      values: Float32Array.from(values),
      obs: { type: Int32Array.from({ length: cells }, (_, cell) => cell % 2) },
    };
  }
  return heldSource({
    vocabulary: { symbols: Array.from({ length: genes }, (_, gene) => `GENE${gene}`) },
    values: "counts",
    columns: [{ name: "type", categories: ["a", "b"] }],
    cells,
    held: () => held ??= Promise.resolve(made()),
    block: BLOCK,
  });
}
