/**
 * The columns that describe the cells of one file, as categories or numbers.
 *
 * @module
 */

import type { CategoryColumn, ObsColumn } from "./count_matrix.ts";
import { numberName, type Table, type TableColumn } from "./h5ad_table.ts";

/** Cells that are read together. */
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
    if (column.holds === "numbers" && !categories.includes(name)) {
      columns.push({ name, numbers: inBlocks(table.rows, column.numbers) });
      continue;
    }
    const coded = asCategories(name, column, table.rows);
    if (isIdentifier(coded.categories.length, table.rows)) notes.push(identifierNote(name));
    else columns.push({ ...coded, codes: inBlocks(table.rows, coded.codes) });
  }
  return { columns, notes };
}

/** Whether so many different texts name cells rather than kinds of cells. */
export const isIdentifier = (categories: number, cells: number): boolean =>
  categories > 1000 && categories > cells / 2;

/** The sentence for a column that names cells. */
export const identifierNote = (name: string): string =>
  `column "${name}" is left out: most cells have a text of their own there`;

/** Reads ahead, so that short ranges in order do not unpack the same chunk of the file again and again. */
function inBlocks<A extends Int32Array | Float64Array>(
  cells: number,
  read: (from: number, to: number) => A,
): (from: number, to: number) => A {
  let first = 0, end = 0, block: A | undefined;
  return (from, to) => {
    if (block === undefined || from < first || to > end) {
      first = from;
      end = Math.min(cells, Math.max(to, from + BLOCK));
      block = read(first, end);
    }
    return block.slice(from - first, to - first) as A;
  };
}

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
