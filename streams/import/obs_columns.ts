/**
 * The columns that describe the cells of one file, as categories or numbers.
 *
 * @module
 */

import { numberName, type Table, type TableColumn } from "./anndata_table.ts";
import type { ObsColumn } from "./count_matrix.ts";

/** Cells that are read together, so that no chunk of the file is unpacked for every batch anew. */
const BLOCK = 16_384;

/** The columns of a table. */
export interface ObsColumns {
  readonly columns: readonly ObsColumn[];
  /** Other columns that the table has, and why they are left out, as a clause. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** What else a user should know, in sentences. */
  readonly notes: readonly string[];
}

/** Columns that are read along with the rows. */
export interface ReadAlong extends ObsColumns {
  /** Reads what the columns say of the cells `from … to - 1`; before that they do not know. */
  load(from: number, to: number): Promise<void>;
}

/**
 * Opens every column. Texts and the number columns named in `categories` become categories, in
 * code-point or numeric order; a column that gives most cells a text of their own is an
 * identifier, no category, and is left out unless it is named there.
 */
export async function obsColumns(table: Table, categories: readonly string[]): Promise<ReadAlong> {
  const columns: ObsColumn[] = [], notes: string[] = [], loads: Load[] = [];
  const leftOut = new Map<string, string>();
  for (const name of table.columns) {
    const column = await table.column(name);
    if (column === undefined) {
      leftOut.set(name, "its layout is unknown");
      continue;
    }
    const rounded = column.holds === "numbers" ? await countRounded(column, table.rows) : 0;
    if (rounded > 0) notes.push(roundedNote(name, rounded, "written as texts, "));
    if (column.holds === "numbers" && !categories.includes(name)) {
      const { load, get } = inBlocks(table.rows, column.numbers);
      columns.push({ name, numbers: get });
      loads.push(load);
      continue;
    }
    const most = categories.includes(name) ? Infinity : mostCategories(table.rows);
    const coded = await asCategories(column, table.rows, most);
    if (coded.categories.length > most) {
      leftOut.set(name, namesCells(name));
      continue;
    }
    const { load, get } = inBlocks(table.rows, coded.codes);
    columns.push({ name, categories: coded.categories, codes: get });
    loads.push(load);
  }
  return {
    ...withoutIndex(table.index, { columns, leftOut, notes }),
    async load(from, to) {
      for (const load of loads) await load(from, to);
    },
  };
}

/** More different texts than this name cells rather than kinds of cells. */
export const mostCategories = (cells: number): number => Math.max(1000, cells / 2);

/**
 * The columns of a table with an index, which is always left out: an atlas keeps no names of cells. Each
 * other column that is left out gets a sentence.
 */
export function withoutIndex(index: string, { columns, leftOut, notes }: ObsColumns): ObsColumns {
  const sentences = Array.from(leftOut, ([name, why]) => `column "${name}" is left out: ${why}`);
  return {
    columns,
    leftOut: new Map([[index, INDEX], ...leftOut]),
    notes: [...notes, ...sentences],
  };
}

const INDEX = "it is the index, whose names of cells an atlas does not keep; a copy of it under " +
  "another name is kept with --categories";

/** Why another column that names cells is left out. */
export const namesCells = (name: string): string =>
  `most cells have a text of their own there; --categories "${name}" keeps it`;

/** The sentence for a column with numbers that doubles do not hold; `first` is what to do before. */
export const roundedNote = (name: string, count: number, first: string): string =>
  `column "${name}": numbers beyond 2^53: ${count}, rounded, so that different ones may be equal now; ` +
  `${first}--categories "${name}" keeps them as they are`;

/** The number of cells whose number may be another than in the file. */
async function countRounded(
  { rounds, numbers }: TableColumn & { readonly holds: "numbers" },
  cells: number,
): Promise<number> {
  let count = 0;
  for (let from = 0; rounds && from < cells; from += BLOCK) {
    for (const number of await numbers(from, Math.min(cells, from + BLOCK))) {
      if (Math.abs(number) > Number.MAX_SAFE_INTEGER) count++;
    }
  }
  return count;
}

/** Reads a column's values of the cells `from … to - 1`. */
export type Load = (from: number, to: number) => Promise<void>;

/** Holds the values of the cells that were loaded last, and of some behind them. */
export function inBlocks<A extends Int32Array | Float64Array>(
  cells: number,
  read: (from: number, to: number) => Promise<A>,
): { readonly load: Load; get(from: number, to: number): A } {
  let first = 0, end = 0, block: A | undefined;
  const has = (from: number, to: number) => block !== undefined && from >= first && to <= end;
  return {
    async load(from, to) {
      if (has(from, to)) return;
      const until = Math.min(cells, Math.max(to, from + BLOCK));
      block = await read(from, until);
      [first, end] = [from, until];
    },
    get(from, to) {
      if (!has(from, to)) {
        throw new RangeError(`cells ${from} to ${to - 1} are not those of the batch read last`);
      }
      return block!.slice(from - first, to - first) as A;
    },
  };
}

/** Categories, and a reader of codes into them. */
type Coded = Omit<TableColumn & { readonly holds: "categories" }, "holds">;

/** A column as categories; of texts not all of them where there are more than `most`. */
async function asCategories(column: TableColumn, cells: number, most: number): Promise<Coded> {
  if (column.holds === "categories") return column;
  const read = column.holds === "strings"
    ? column.strings
    : async (from: number, to: number) => Array.from(await column.numbers(from, to), numberName);
  const seen = new Set<string>();
  for (let from = 0; from < cells && seen.size <= most; from += BLOCK) {
    for (const text of await read(from, Math.min(cells, from + BLOCK))) seen.add(text);
  }
  const categories = inOrder(seen);
  const codes = new Map(categories.map((category, code) => [category, code]));
  return {
    categories,
    codes: async (from, to) =>
      Int32Array.from(await read(from, to), (text) => codes.get(text) ?? -1),
  };
}

/** Sorts categories: by number when all are numbers, by code point otherwise; "" is none. */
export function inOrder(texts: Iterable<string>): string[] {
  const named = [...texts].filter((text) => text !== "");
  return named.every((text) => Number.isFinite(Number(text)))
    ? named.sort((a, b) => Number(a) - Number(b))
    : named.sort();
}
