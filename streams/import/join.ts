/**
 * Several matrices as one atlas: a plan first, then cells as they are asked for.
 *
 * @module
 */

import type { AtlasBatch, AtlasInput } from "../atlas/write_atlas.ts";
import type { CountMatrix } from "./count_matrix.ts";
import type { ImportOptions } from "./import_options.ts";
import { joinColumns } from "./join_columns.ts";
import { joinGenes } from "./join_genes.ts";
import { mergingRows } from "./merge_rows.ts";
import { interpretation } from "./values.ts";

/** An opened input and the name that its cells get in the column `dataset`. */
export interface NamedMatrix {
  readonly name: string;
  readonly matrix: CountMatrix;
}

/** What will be written, and sentences about how it came to be. */
export interface Joined {
  readonly atlas: AtlasInput;
  readonly cells: number;
  readonly notes: readonly string[];
}

/** Cells in a batch. */
const BATCH = 256;

/**
 * Joins the inputs: their cells one input after the other, each in stored order, on one vocabulary and
 * one set of columns. Nothing is read of the matrices yet; what is wrong with names throws at once.
 */
export function join(inputs: readonly NamedMatrix[], options: ImportOptions): Joined {
  const named = inputs.map(({ name, matrix }) => ({ name, ...matrix }));
  const genes = joinGenes(named, options);
  const columns = joinColumns(named, options.columns);
  const values = options.values === "log1p" ? "log1p" : "counts";
  const readers = inputs.map(({ matrix }) => interpretation(matrix, options));

  async function* batches(): AsyncGenerator<AtlasBatch> {
    let row = 0;
    for (const [input, { matrix }] of inputs.entries()) {
      const merge = mergingRows(genes.ids[input], genes.vocabulary.symbols.length, values);
      for await (const rows of matrix.rows(BATCH)) {
        const cells = rows.offsets.length - 1, { offsets, columns: places, first } = rows;
        const merged = merge({ offsets, columns: places, values: readers[input](rows) });
        yield {
          ...merged,
          ...columns.read(input, first, first + cells),
          cells: Uint32Array.from({ length: cells }, (_, i) => row + i),
        };
        row += cells;
      }
    }
  }
  return {
    atlas: {
      vocabulary: genes.vocabulary,
      values,
      columns: columns.columns,
      numbers: columns.numbers,
      provenance: inputs.map(({ name, matrix }) => `${name}: ${matrix.provenance}`).join("; "),
      batches: { [Symbol.asyncIterator]: batches },
    },
    cells: inputs.reduce((sum, { matrix }) => sum + matrix.cells, 0),
    notes: [
      ...inputs.flatMap(({ name, matrix }) =>
        [matrix.provenance, ...matrix.notes].map((note) => `${name}: ${note}`)
      ),
      ...genes.notes,
      ...columns.notes,
    ],
  };
}
