/**
 * Reads folders in the 10x Matrix Market layout: matrix.mtx, features.tsv (or genes.tsv), barcodes.tsv,
 * each plain or gzip, and optionally cells.tsv with what is known of the cells.
 *
 * @module
 */

import { statSync } from "node:fs";
import { basename } from "node:path";
import type { Effect } from "effect";
import type { InputError } from "../../core/errors.ts";
import type { CountMatrix, ReadOptions } from "./count_matrix.ts";
import { type MtxHead, readHead } from "./mtx_head.ts";
import { comesByCell, entriesOf } from "./mtx_entries.ts";
import { mtxRows } from "./mtx_rows.ts";
import { readBarcodes, readCells, readFeatures } from "./mtx_tables.ts";
import { entriesHeld, rowsByPasses } from "./passes.ts";
import { findText } from "./text.ts";
import { tryReading, unreadable } from "./unreadable.ts";

/** Whether there is a Matrix Market file in the folder. */
export const isMtx = (folder: string): boolean => findText(folder, MATRIX) !== undefined;

const MATRIX = ["matrix.mtx"];

/**
 * Opens a folder in the 10x layout. Its names are in memory; its matrix is streamed where the lines
 * come cell by cell, and read several times where they come gene by gene.
 */
export function openMtx(
  folder: string,
  options: ReadOptions,
): Effect.Effect<CountMatrix, InputError> {
  return tryReading(folder, () => readFolder(folder, options));
}

async function readFolder(folder: string, options: ReadOptions): Promise<CountMatrix> {
  statSync(folder);
  const features = part(folder, ["features.tsv", "genes.tsv"]);
  const names = part(folder, ["barcodes.tsv"]);
  const head = await readHead(part(folder, MATRIX));
  if (options.matrix !== "X") {
    throw unreadable(folder, `there is no matrix "${options.matrix}" in it; such a folder has one`);
  }
  const { symbols, from, notes } = await readFeatures(features, options.symbols);
  const barcodes = await readBarcodes(names);
  const cellAt = orientation(head, [features, symbols.length], [names, barcodes.length]);
  const matrix = { head, cellAt }, sorted = await comesByCell(matrix);
  const about = findText(folder, ["cells.tsv"]);
  const described = about === undefined
    ? { columns: [], leftOut: new Map<string, string>(), notes: [] }
    : await readCells(about, barcodes, options.categories);
  return {
    path: folder,
    cells: barcodes.length,
    entries: head.entries,
    symbols,
    obs: described.columns,
    leftOut: described.leftOut,
    others: [],
    provenance: `values from ${basename(head.path)}, symbols from ${basename(features)}, ${from}`,
    notes: [...notes, ...described.notes],
    rows: (batch, from = 0) =>
      sorted
        ? mtxRows(matrix, { batch, from })
        : rowsByPasses(entriesOf(matrix), { batch, from, held: entriesHeld(options) }),
  };
}

function part(folder: string, names: readonly string[]): string {
  const found = findText(folder, names);
  if (found !== undefined) return found;
  throw unreadable(
    folder,
    `there is no ${
      names.join(" or ")
    } (plain or .gz) in it; a 10x folder has matrix.mtx, features.tsv or genes.tsv, and barcodes.tsv`,
  );
}

type Counted = readonly [path: string, lines: number];

/** Which coordinate numbers the cells: the second as 10x writes it, the first where only that fits. */
function orientation({ path, size }: MtxHead, features: Counted, cells: Counted): 0 | 1 {
  if (size[0] === features[1] && size[1] === cells[1]) return 1;
  if (size[0] === cells[1] && size[1] === features[1]) return 0;
  const lines = [features, cells].map(([path, lines]) => `"${basename(path)}" has ${lines} lines`);
  throw unreadable(path, `it is ${size[0]} × ${size[1]}, but ${lines.join(" and ")}`);
}
