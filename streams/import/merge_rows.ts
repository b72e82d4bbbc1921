/**
 * Rows of a file to cells of an atlas: columns to genes, repeated genes to one.
 *
 * @module
 */

import type { Rows } from "./count_matrix.ts";

/** Cells on a vocabulary; views that the next batch overwrites. */
export interface GeneRows {
  /** Cell `i` owns entries `offsets[i]` up to `offsets[i + 1]`. */
  readonly offsets: Uint32Array;
  /** Vocabulary id of each entry, none twice within a cell, in any order. */
  readonly genes: Uint32Array;
  readonly values: Float64Array;
}

/** What comes in; its first offset need not be 0. */
export type ColumnRows = Pick<Rows, "offsets" | "columns" | "values">;

/** Merges a batch. */
export type MergeRows = (rows: ColumnRows) => GeneRows;

/** A column that is left out. */
const OUT = -1;
/** The first of a vocabulary where several columns have it; the others are below it. */
const SHARED = -2;

/**
 * Returns a function that gives each cell its genes in the order of the file, none twice and none of
 * value zero.
 *
 * Values of one gene add up; logarithms as what they are logarithms of: log1p(expm1(a) + expm1(b)).
 *
 * @param ids Vocabulary id of each column; -1 where a column is left out.
 * @param genes Size of the vocabulary.
 */
export function mergingRows(ids: Int32Array, genes: number, values: "counts" | "log1p"): MergeRows {
  const marked = withShared(ids, genes), logs = values === "log1p";
  // Where a gene was entered last. What an earlier cell left is told by its place, so that nothing is
  // cleared between cells (Briggs and Torczon, "An efficient representation for sparse sets", 1993).
  const places = new Uint32Array(genes);
  let merged = new Uint32Array(0), out = new Float64Array(0), entries = 0;

  /** Enters a cell whose columns ascend; only genes of several columns can come again. */
  function enterSorted(rows: ColumnRows, from: number, to: number): boolean {
    // All of them local: what functions share is read anew for every entry.
    const { columns, values } = rows, ids = marked, intoGenes = merged, intoValues = out;
    const first = entries;
    let last = -1, end = first;
    for (let e = from; e < to; e++) {
      const column = columns[e] | 0, gene = ids[column], value = values[e];
      // Nearly all entries pass this, the one test for whatever else they may be.
      if ((gene | (column - last - 1)) >= 0 && value !== 0) {
        intoGenes[end] = gene;
        intoValues[end++] = value;
      } else if (column <= last) {
        entries = first;
        return false;
      } else if (gene <= SHARED && value !== 0) {
        entries = end;
        enter(SHARED - gene, value, first);
        end = entries;
      }
      last = column;
    }
    entries = end;
    return true;
  }
  function enterAny(rows: ColumnRows, from: number, to: number): void {
    const first = entries;
    for (let e = from; e < to; e++) {
      const gene = ids[rows.columns[e]], value = rows.values[e];
      if (gene >= 0 && value !== 0) enter(gene, value, first);
    }
  }
  /** Enters a gene that may be there already since the entry `first`. */
  function enter(gene: number, value: number, first: number): void {
    const place = places[gene];
    if (place < first || place >= entries || merged[place] !== gene) {
      places[gene] = entries;
      merged[entries] = gene;
      out[entries++] = value;
    } else if (logs) out[place] = Math.log1p(Math.expm1(out[place]) + Math.expm1(value));
    else out[place] += value;
  }

  return (rows) => {
    const cells = rows.offsets.length - 1, most = rows.offsets[cells] - rows.offsets[0];
    if (most > merged.length) {
      merged = new Uint32Array(most + (most >>> 2));
      out = new Float64Array(merged.length);
    }
    const offsets = new Uint32Array(cells + 1);
    entries = 0;
    for (let cell = 0; cell < cells; cell++) {
      const from = rows.offsets[cell], to = rows.offsets[cell + 1];
      if (!enterSorted(rows, from, to)) enterAny(rows, from, to);
      offsets[cell + 1] = entries;
    }
    return { offsets, genes: merged.subarray(0, entries), values: out.subarray(0, entries) };
  };
}

/** The ids, below 0 where a column is left out or others have its gene too. */
function withShared(ids: Int32Array, genes: number): Int32Array {
  const columns = new Uint32Array(genes);
  for (const id of ids) if (id >= 0) columns[id]++;
  return ids.map((id) => id < 0 ? OUT : columns[id] > 1 ? SHARED - id : id);
}
