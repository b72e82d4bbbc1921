/**
 * The columns that describe the cells of one file, as categories or numbers.
 *
 * @module
 */

import type { CategoryColumn, ObsColumn } from "./count_matrix.ts";
import { numberName, type Table, type TableColumn } from "./h5ad_table.ts";

/** Cells whose texts are looked at together. */
const BLOCK = 16_384;

/** The columns of a table, and sentences about those that were left out. */
export interface ObsColumns {
  readonly columns: readonly ObsColumn[];
  readonly notes: readonly string[];
}

/**
 * Opens every column. Texts and the number columns named in `categories` become categories, in
 * code-point or numeric order; a column that gives most cells a text of their own is an
 * identifier, no category, and is left out.
 */
export function obsColumns(table: Table, categories: readonly string[]): ObsColumns {
  const columns: ObsColumn[] = [], notes: string[] = [];
  for (const name of table.columns) {
    const column = table.column(name);
    if (column === undefined) {
      notes.push(`column "${name}" is left out: its layout is unknown`);
      continue;
    }
    const opened = column.holds === "numbers" && !categories.includes(name)
      ? { name, numbers: column.numbers }
      : asCategories(name, column, table.rows);
    if ("numbers" in opened || !isIdentifier(opened.categories.length, table.rows)) {
      columns.push(opened);
    } else notes.push(identifierNote(name));
  }
  return { columns, notes };
}

/** Whether so many different texts name cells rather than kinds of cells. */
export const isIdentifier = (categories: number, cells: number): boolean =>
  categories > 1000 && categories > cells / 2;

/** The sentence for a column that names cells. */
export const identifierNote = (name: string): string =>
  `column "${name}" is left out: most cells have a text of their own there`;

function asCategories(name: string, column: TableColumn, cells: number): CategoryColumn {
  if (column.holds === "categories") return { name, ...column };
  const read = column.holds === "strings"
    ? column.strings
    : (from: number, to: number) => Array.from(column.numbers(from, to), numberName);
  const seen = new Set<string>();
  for (let from = 0; from < cells && !isIdentifier(seen.size, cells); from += BLOCK) {
    for (const text of read(from, Math.min(cells, from + BLOCK))) seen.add(text);
  }
  const categories = inOrder(seen);
  const codes = new Map(categories.map((category, code) => [category, code]));
  return {
    name,
    categories,
    codes: (from, to) => Int32Array.from(read(from, to), (text) => codes.get(text) ?? -1),
  };
}

/** Sorts categories: by number when all are numbers, by code point otherwise; "" is none. */
export function inOrder(texts: Iterable<string>): string[] {
  const named = [...texts].filter((text) => text !== "");
  return named.every((text) => Number.isFinite(Number(text)))
    ? named.sort((a, b) => Number(a) - Number(b))
    : named.sort();
}
