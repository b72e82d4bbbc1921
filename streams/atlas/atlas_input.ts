/**
 * What goes into an atlas.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import type { Column, Scale } from "../../core/source.ts";
import type { Vocabulary } from "../../core/vocabulary.ts";
import type { Layout } from "./layout.ts";

/** A batch with the number columns of its cells; NaN where a cell has none. */
export type AtlasBatch = CellBatch & {
  readonly numbers?: Readonly<Record<string, Float64Array>>;
};

/** What an atlas is made of. */
export interface AtlasInput {
  readonly vocabulary: Vocabulary;
  readonly values: Exclude<Scale, "bins">;
  /** Every batch carries codes for each of these; -1 where a cell has no category. */
  readonly columns: readonly Column[];
  /** Names of the number columns that every batch carries. */
  readonly numbers: readonly string[];
  /** Where the cells come from, in words. */
  readonly provenance: string;
  /** The cells in row order, in batches of any size; their own row numbers are not looked at. */
  readonly batches: AsyncIterable<AtlasBatch>;
  /** What the order of the cells is, as a note to readers; "as given" unless said. */
  readonly order?: "as given" | "shuffled";
  /** The seed that the cells were shuffled with. */
  readonly seed?: number;
  /** Bytes after which a shard is closed and another begun; 1 GiB unless said. */
  readonly shardBytes?: number;
}

/** Throws where a batch is not made as the layout has it: a mistake of whoever made it. */
export function checkBatch(batch: AtlasBatch, layout: Layout): void {
  const { offsets, genes, values } = batch, cells = offsets.length - 1;
  const codes = layout.columns.map(({ name }) => [name, batch.obs[name]] as const);
  const numbers = layout.numbers.map((name) => [name, batch.numbers?.[name]] as const);
  for (const [name, column] of [...codes, ...numbers]) {
    if (column?.length !== cells) {
      throw new RangeError(
        `Cannot write column "${name}": a batch has it for ${column?.length} of ${cells} cells`,
      );
    }
  }
  let ascending = offsets[0] === 0 && offsets[cells] === genes.length;
  for (let i = 0; i < cells; i++) ascending &&= offsets[i] <= offsets[i + 1];
  if (!ascending || genes.length !== values.length) {
    throw new RangeError("Cannot write a batch: its offsets do not fit its genes and values");
  }
}
