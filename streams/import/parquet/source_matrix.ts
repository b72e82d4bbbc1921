/**
 * Whatever is a source of cells, as a matrix to import.
 *
 * @module
 */

import type { CellBatch } from "../../../core/batch.ts";
import type { Source } from "../../../core/source.ts";
import type { CategoryColumn, CountMatrix, NumberColumn, ReadOptions } from "../count_matrix.ts";
import { inBlocks } from "../obs_columns.ts";
import { unreadable } from "../unreadable.ts";

/** A source, and what a source does not say. */
export interface SourcePlace {
  readonly path: string;
  readonly source: Source;
  /** Names of the columns of numbers. */
  readonly numbers: readonly string[];
  /** Reads a column of numbers, of the cells `from … to - 1`. */
  read(name: string, from: number, to: number): Promise<Float64Array>;
  readonly provenance: string;
}

/** Cells that are in memory together: few, as an import holds much else. */
const WINDOW = 512, BATCH = 64;

/** The cells in stored order; categories are those of the source, in its order. */
export function sourceMatrix(place: SourcePlace, { matrix, symbols }: ReadOptions): CountMatrix {
  const { path, source } = place;
  if (matrix !== "X") {
    throw unreadable(path, `there is no matrix "${matrix}" in it; Parquet files have one`);
  }
  if (symbols !== undefined && symbols !== "index") {
    throw unreadable(path, `its genes have symbols, and no other column "${symbols}"`);
  }
  const columns = source.columns.map(({ name }) => name);
  const { codes, hold } = codesOf(source);
  const numbers = place.numbers.map((name) => ({
    name,
    ...inBlocks(source.cells, (from, to) => place.read(name, from, to)),
  }));
  return {
    path,
    cells: source.cells,
    symbols: source.vocabulary.symbols,
    obs: [...codes, ...numbers.map(({ name, get }): NumberColumn => ({ name, numbers: get }))],
    others: [],
    provenance: place.provenance,
    notes: [],
    async *rows(batch, from = 0) {
      const request = { batch: Math.min(batch, BATCH), window: WINDOW, order: "stored" } as const;
      let first = from;
      for await (const cells of source.read({ ...request, from, columns })) {
        const end = first + cells.cells.length;
        hold(cells, first);
        for (const { load } of numbers) await load(first, end);
        const { offsets, genes, values } = cells;
        yield { first, offsets, columns: genes, values: new Float64Array(values) };
        first = end;
      }
    },
  };
}

/** The columns of categories, which come with every batch. */
function codesOf({ columns }: Source) {
  let last: CellBatch["obs"] = {}, first = 0;
  const codes = columns.map(({ name, categories }): CategoryColumn => ({
    name,
    categories,
    codes: (from, to) => last[name].slice(from - first, to - first),
  }));
  function hold({ obs }: CellBatch, from: number): void {
    last = obs;
    first = from;
  }
  return { codes, hold };
}
