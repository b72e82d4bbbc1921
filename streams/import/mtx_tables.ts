/**
 * The tables beside a 10x matrix: features, barcodes, and what is known of the cells.
 *
 * @module
 */

import type { ObsColumn } from "./count_matrix.ts";
import {
  inOrder,
  mostCategories,
  namesCells,
  type ObsColumns,
  roundedNote,
  withoutIndex,
} from "./obs_columns.ts";
import { blankOthers, noSymbols, type Symbols } from "./symbols.ts";
import { linesOf } from "./text.ts";
import { unreadable } from "./unreadable.ts";

/** Reads features.tsv or genes.tsv: id, symbol, and from version 3 the type of the feature. */
export async function readFeatures(path: string, asked?: string): Promise<Symbols> {
  const symbols: string[] = [], types: string[] = [];
  const column = asked === undefined || asked === "symbol" ? 1 : asked === "index" ? 0 : -1;
  if (column < 0) throw noSymbols(path, "this file", asked!, ["index", "symbol"]);
  for await (const line of linesOf(path)) {
    const fields = line.split("\t");
    symbols.push(fields[column] || fields[0]);
    if (fields[2]) types.push(fields[2]);
  }
  const notes = blankOthers(symbols, types.length === symbols.length ? types : []);
  return { symbols, from: `its column ${column + 1}`, notes };
}

/** Reads barcodes.tsv: the names of the cells in order. */
export async function readBarcodes(path: string): Promise<string[]> {
  const barcodes: string[] = [];
  for await (const line of linesOf(path)) barcodes.push(line.split("\t")[0]);
  return barcodes;
}

/**
 * Reads cells.tsv, whose first line names the columns and whose first column is the barcode, into
 * columns in the order of `barcodes`; cells that it does not list have none.
 *
 * A column of which every text is a number holds numbers, unless `categories` names it.
 */
export async function readCells(
  path: string,
  barcodes: readonly string[],
  categories: readonly string[],
): Promise<ObsColumns> {
  const rows = new Map(barcodes.map((barcode, row) => [barcode, row]));
  let columns: Coded[] | undefined, index = "";
  for await (const line of linesOf(path)) {
    const [barcode, ...fields] = line.split("\t");
    if (columns === undefined) {
      index = barcode;
      columns = fields.map((name) => ({ name, texts: new Map(), codes: empty(barcodes.length) }));
      continue;
    }
    const row = rows.get(barcode);
    if (row === undefined) {
      throw unreadable(path, `it describes a cell "${barcode}" that the barcodes do not list`);
    }
    columns.forEach(({ texts, codes }, i) => {
      const text = fields[i] ?? "";
      if (!texts.has(text)) texts.set(text, texts.size);
      codes[row] = texts.get(text)!;
    });
  }
  const kept: ObsColumn[] = [], leftOut = new Map<string, string>(), notes: string[] = [];
  const most = mostCategories(barcodes.length);
  for (const column of columns ?? []) {
    const { name } = column, opened = opensAs(column, categories);
    if ("numbers" in opened || categories.includes(name) || opened.categories.length <= most) {
      kept.push(opened);
    } else leftOut.set(name, namesCells(name));
    const rounded = "numbers" in opened ? countRounded(column) : 0;
    if (rounded > 0) notes.push(roundedNote(name, rounded, ""));
  }
  return withoutIndex(index, { columns: kept, leftOut, notes });
}

/** A column as it is collected: texts in order of appearance. */
interface Coded {
  readonly name: string;
  readonly texts: Map<string, number>;
  readonly codes: Int32Array;
}

/** The number of cells whose whole number is between two doubles. */
function countRounded({ texts, codes }: Coded): number {
  const rounded = new Set<number>();
  for (const [text, code] of texts) {
    if (/^-?\d{16,}$/.test(text) && BigInt(text) !== BigInt(Number(text))) rounded.add(code);
  }
  return codes.reduce((count, code) => count + (rounded.has(code) ? 1 : 0), 0);
}

const empty = (length: number): Int32Array => new Int32Array(length).fill(-1);

function opensAs({ name, texts, codes }: Coded, asCategories: readonly string[]): ObsColumn {
  const categories = inOrder(texts.keys());
  const numeric = categories.length > 0 &&
    categories.every((text) => Number.isFinite(Number(text)));
  if (numeric && !asCategories.includes(name)) {
    const numbers = Float64Array.from(texts.keys(), (text) => text === "" ? NaN : Number(text));
    return {
      name,
      numbers: (from, to) =>
        Float64Array.from(codes.subarray(from, to), (code) => numbers[code] ?? NaN),
    };
  }
  const places = new Map(categories.map((category, code) => [category, code]));
  const final = Int32Array.from(texts.keys(), (text) => places.get(text) ?? -1);
  return {
    name,
    categories,
    codes: (from, to) => codes.slice(from, to).map((code) => final[code] ?? -1),
  };
}
