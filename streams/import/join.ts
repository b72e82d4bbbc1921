/**
 * Several matrices as one: a plan first, then cells as they are asked for.
 *
 * @module
 */

import type { AtlasInput } from "../atlas/atlas_input.ts";
import type { CountMatrix, Rows } from "./count_matrix.ts";
import type { ImportOptions } from "./import_options.ts";
import { checkKnown, type ColumnValues, joinColumns } from "./join_columns.ts";
import { joinGenes } from "./join_genes.ts";
import { type GeneRows, mergingRows } from "./merge_rows.ts";
import { checkCounts, interpretation } from "./values.ts";

/** An opened input and the name that its cells get in the column `dataset`. */
export interface NamedMatrix {
  readonly name: string;
  readonly matrix: CountMatrix;
}

/** Consecutive cells of the joined inputs; views that the next batch may overwrite. */
export interface JoinedRows extends GeneRows, ColumnValues {
  /** Row of the first cell, counted through all inputs. */
  readonly first: number;
}

/** What will be written, and sentences about how it came to be. */
export interface Joined extends Omit<AtlasInput, "batches" | "order" | "seed" | "shardBytes"> {
  readonly cells: number;
  /** Entries in all, zeros and repeated genes among them, where all inputs know. */
  readonly entries: number | undefined;
  readonly notes: readonly string[];
  /**
   * The cells from row `from` on: one input after the other, each in stored order; batches without a
   * cell come where a reader has none yet.
   */
  rows(from: number): AsyncIterable<JoinedRows>;
}

/** Cells in a batch. */
const BATCH = 256;

/**
 * Joins the inputs on one vocabulary and one set of columns. Nothing is read of the matrices yet; what
 * is wrong with names throws at once.
 */
export function join(inputs: readonly NamedMatrix[], options: ImportOptions): Joined {
  const named = inputs.map(({ name, matrix }) => ({ name, ...matrix }));
  const genes = joinGenes(named, options);
  checkKnown(options.categories, named, " as categories");
  const columns = joinColumns(named, options.columns);
  const scale = options.values === "log1p" ? "log1p" : "counts", { symbols } = genes.vocabulary;
  const readers = inputs.map(({ matrix }) => interpretation(matrix, options));
  const entries = inputs.map(({ matrix }) => matrix.entries);

  async function* rows(from: number): AsyncGenerator<JoinedRows> {
    let before = 0;
    for (const [input, { matrix }] of inputs.entries()) {
      const merge = mergingRows(genes.ids[input], symbols.length, scale);
      const start = Math.max(0, from - before);
      if (start < matrix.cells) {
        for await (const read of matrix.rows(BATCH, start)) {
          const { offsets, columns: places, values, first } = sinceRow(start, read);
          const cells = offsets.length - 1;
          // All of them lie before the start.
          if (cells <= 0 && read.offsets.length > 1) continue;
          const counts = readers[input]({ offsets, columns: places, values, first });
          const merged = merge({ offsets, columns: places, values: counts });
          if (scale === "counts") checkCounts(matrix, { first, ...merged }, symbols);
          yield {
            first: before + first,
            ...merged,
            ...columns.read(input, first, first + cells),
          };
        }
      }
      before += matrix.cells;
    }
  }
  return {
    vocabulary: genes.vocabulary,
    values: scale,
    columns: columns.columns,
    numbers: columns.numbers,
    provenance: inputs.map(({ name, matrix }) => `${name}: ${matrix.provenance}`).join("; "),
    cells: inputs.reduce((sum, { matrix }) => sum + matrix.cells, 0),
    entries: entries.every((count) => count !== undefined)
      ? entries.reduce((sum, count) => sum + count, 0)
      : undefined,
    notes: [
      ...inputs.flatMap(({ name, matrix }) =>
        [matrix.provenance, ...matrix.notes].map((note) => `${name}: ${note}`)
      ),
      ...genes.notes,
      ...columns.notes,
    ],
    rows,
  };
}

/** A batch without the rows before `start`, which a reader may not have been able to leave out. */
function sinceRow(start: number, rows: Rows): Rows {
  const early = Math.max(0, start - rows.first);
  return early === 0
    ? rows
    : { ...rows, first: rows.first + early, offsets: rows.offsets.subarray(early) };
}
