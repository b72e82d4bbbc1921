/**
 * Which names of the columns are gene symbols.
 *
 * @module
 */

import type { InputError } from "../../core/errors.ts";
import { suggest } from "../../core/nearest.ts";
import { stringsOf, type Table } from "./anndata_table.ts";
import type { Stored } from "./stored.ts";
import { unreadable } from "./unreadable.ts";

/** Columns that hold symbols where the index holds something else, the likeliest first. */
const SYMBOL_COLUMNS = [
  "gene_symbols",
  "gene_symbol",
  "feature_name",
  "gene_name",
  "gene_names",
  "symbol",
  "symbols",
  "gene",
  "gene_short_name",
  "name",
];

/** An Ensembl gene id of any species, or a bare number. */
const NO_SYMBOL = /^(ENS[A-Z]*G\d{6,}(\.\d+)?|\d+)$/;

/** Symbols of the columns, and where they were found. */
export interface Symbols {
  readonly symbols: string[];
  /** Name of the column. */
  readonly from: string;
  readonly notes: readonly string[];
}

/**
 * The symbols of the table at `at` ("var", "raw/var"): from the asked column, from the index, or
 * from a column of symbols where the index holds Ensembl ids. A gene without a symbol goes by its
 * index; features that are no genes (antibodies, guides) get "".
 */
export async function symbolsOf(
  file: Stored,
  at: string,
  { table, asked }: { readonly table: Table; readonly asked?: string | undefined },
): Promise<Symbols> {
  const index = await textsOf(file, table, table.index);
  const from = asked === undefined
    ? await chosen(table, index)
    : await named(file, at, { table, asked });
  const symbols = from === table.index
    ? index
    : (await textsOf(file, table, from)).map((symbol, i) => symbol || index[i]);
  const types = table.columns.includes("feature_types")
    ? await textsOf(file, table, "feature_types")
    : [];
  return { symbols, from, notes: blankOthers(symbols, types) };
}

/**
 * Blanks the symbols of features that are no genes, where some are. Returns what is left out, and why, in
 * sentences: these, and genes that have no symbol.
 */
export function blankOthers(symbols: string[], types: readonly string[]): string[] {
  const typed = types.includes(GENE), notes: string[] = [];
  let nameless = 0, others = 0;
  symbols.forEach((symbol, i) => {
    if (typed && types[i] !== GENE) {
      symbols[i] = "";
      others++;
    } else if (symbol === "") nameless++;
  });
  if (nameless > 0) notes.push(`genes without a name: ${nameless}, left out with their counts`);
  if (others > 0) notes.push(`features other than "${GENE}": ${others}, left out`);
  return notes;
}

/** The type of a feature that is a gene. */
const GENE = "Gene Expression";

async function textsOf(file: Stored, table: Table, name: string): Promise<string[]> {
  const column = await table.column(name);
  if (column !== undefined) return await stringsOf(column, table.rows);
  throw unreadable(file.path, `the layout of its column "${name}" is unknown`);
}

async function chosen(table: Table, index: readonly string[]): Promise<string> {
  const ids = index.filter((name) => NO_SYMBOL.test(name)).length;
  if (ids * 2 < index.length) return table.index;
  for (const known of SYMBOL_COLUMNS) {
    const name = table.columns.find((column) => column.toLowerCase() === known);
    const holds = name !== undefined && (await table.column(name))?.holds;
    if (name !== undefined && (holds === "strings" || holds === "categories")) return name;
  }
  return table.index;
}

async function named(
  file: Stored,
  at: string,
  { table, asked }: { readonly table: Table; readonly asked: string },
): Promise<string> {
  if (asked === "index" || asked === table.index) return table.index;
  if (table.columns.includes(asked) && await table.column(asked)) return asked;
  throw noSymbols(file.path, at, asked, ["index", ...table.columns]);
}

/** The error for a column of symbols that does not exist. */
export function noSymbols(
  path: string,
  at: string,
  asked: string,
  columns: readonly string[],
): InputError {
  return unreadable(
    path,
    `${at} has no column "${asked}" of gene symbols; ${suggest(asked, columns)}`,
  );
}
