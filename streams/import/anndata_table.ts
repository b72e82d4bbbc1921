/**
 * The tables of AnnData, `obs` and `var`: their columns in every layout that anndata has written since
 * 0.7.
 *
 * @module
 */

import type { Stored, StoredArray } from "./stored.ts";
import { unreadable } from "./unreadable.ts";

/** A column as the file holds it; readers take the range of rows `from … to - 1`. */
export type TableColumn =
  | { readonly holds: "strings"; strings(from: number, to: number): Promise<string[]> }
  | {
    readonly holds: "numbers";
    /** Whether numbers beyond 2^53 come rounded. */
    readonly rounds: boolean;
    numbers(from: number, to: number): Promise<Float64Array>;
  }
  | {
    readonly holds: "categories";
    readonly categories: readonly string[];
    codes(from: number, to: number): Promise<Int32Array>;
  };

/** A table of cells or genes. */
export interface Table {
  readonly rows: number;
  /** Name of the column that names the rows. */
  readonly index: string;
  /** Names of the other columns, in the order of the table. */
  readonly columns: readonly string[];
  /** Opens a column, the index included; undefined where its layout is unknown. */
  column(name: string): Promise<TableColumn | undefined>;
}

/** Opens the table at a path, "obs", "var" or "raw/var"; throws an `InputError` where there is none. */
export function openTable(file: Stored, at: string): Table {
  if (file.kind(at) !== "group") {
    const old = file.kind(at) === "array";
    throw unreadable(
      file.path,
      old
        ? `its "${at}" has the layout of anndata before 0.7; read and write it again with a newer anndata`
        : `it has no "${at}"; AnnData has X, obs and var`,
    );
  }
  const said = file.attribute(at, "_index");
  const index = typeof said === "string" ? said : "_index";
  const order = file.attribute(at, "column-order");
  const names = Array.isArray(order) ? order as string[] : file.names(at);
  const rows = lengthOf(file, `${at}/${index}`);
  return {
    rows,
    index,
    columns: names.filter((name) => name !== index && name !== "__categories"),
    column: (name) => openColumn(name, { at, array: (at) => columnOf(file, at, rows), file }),
  };
}

/** All strings of a column; categories and numbers are written out, "" where there is none. */
export async function stringsOf(column: TableColumn, rows: number): Promise<string[]> {
  if (column.holds === "strings") return await column.strings(0, rows);
  if (column.holds === "numbers") return Array.from(await column.numbers(0, rows), numberName);
  const codes = await column.codes(0, rows);
  return Array.from(codes, (code) => column.categories[code] ?? "");
}

/** A number as a category: "" for NaN. */
export const numberName = (value: number): string => Number.isNaN(value) ? "" : String(value);

function lengthOf(file: Stored, at: string): number {
  const parts = [at, `${at}/codes`, `${at}/values`];
  return file.array(parts.find((part) => file.kind(part) === "array") ?? at).shape[0];
}

/** An array with a value for every row. */
function columnOf(file: Stored, at: string, rows: number): StoredArray {
  const array = file.array(at);
  if (array.shape[0] === rows) return array;
  throw unreadable(file.path, `"${at}" has ${array.shape[0]} values for ${rows} rows`);
}

/** A table whose length is known. */
interface Opened {
  readonly file: Stored;
  readonly at: string;
  /** An array with a value for every row. */
  array(at: string): StoredArray;
}

async function openColumn(
  name: string,
  { file, at: table, array }: Opened,
): Promise<TableColumn | undefined> {
  const at = `${table}/${name}`, old = `${table}/__categories/${name}`;
  if (file.kind(at) === "nothing") return undefined;
  if (file.kind(at) === "array") {
    if (file.kind(old) === "array") return await coded(file, array(at), old);
    return file.array(at).shape.length === 1 ? plain(file, array(at), at) : undefined;
  }
  if (file.kind(`${at}/codes`) === "array") {
    return await coded(file, array(`${at}/codes`), `${at}/categories`);
  }
  if (file.kind(`${at}/values`) !== "array" || file.kind(`${at}/mask`) !== "array") {
    return undefined;
  }
  const values = plain(file, array(`${at}/values`), `${at}/values`);
  return values && masked(values, array(`${at}/mask`));
}

/** Codes into the categories at a path. */
async function coded(file: Stored, codes: StoredArray, at: string): Promise<TableColumn> {
  const array = file.array(at), rows = array.shape[0];
  const categories = array.holds === "strings"
    ? await array.strings(0, rows)
    : Array.from(await array.numbers(0, rows), (value) => array.names?.get(value) ?? `${value}`);
  return {
    holds: "categories",
    categories,
    async codes(from, to) {
      const read = await codes.numbers(from, to);
      if (!read.every((code) => Number.isInteger(code) && code >= -1 && code < categories.length)) {
        throw unreadable(
          file.path,
          `a code lies outside the ${categories.length} categories of "${at}"`,
        );
      }
      return Int32Array.from(read);
    },
  };
}

function plain(file: Stored, array: StoredArray, at: string): TableColumn | undefined {
  if (array.holds === "strings") return { holds: "strings", strings: array.strings };
  if (array.holds === "others") return undefined;
  if (array.names !== undefined) return enumerated(file, array, at);
  const numbers = async (from: number, to: number) =>
    new Float64Array(await array.numbers(from, to));
  return { holds: "numbers", rounds: array.rounds, numbers };
}

/** Numbers that stand for something, as codes. */
function enumerated(file: Stored, array: StoredArray, at: string): TableColumn {
  const names = [...array.names ?? []].sort(([a], [b]) => a - b);
  const places = new Map(names.map(([value], code) => [value, code]));
  const codeOf = (value: number): number => {
    const code = places.get(value);
    if (code === undefined) {
      throw unreadable(file.path, `"${at}" holds ${value}, which has no name`);
    }
    return code;
  };
  return {
    holds: "categories",
    categories: names.map(([, name]) => name),
    codes: async (from, to) => Int32Array.from(await array.numbers(from, to), codeOf),
  };
}

/** Values some of which are missing: anndata's nullable integers, booleans and strings. */
function masked(whole: TableColumn, mask: StoredArray): TableColumn {
  async function without<A extends string[] | Float64Array | Int32Array>(
    read: A,
    from: number,
    none: A[number],
  ): Promise<A> {
    const hidden = await mask.numbers(from, from + read.length);
    for (let i = 0; i < hidden.length; i++) if (hidden[i] !== 0) read[i] = none;
    return read;
  }
  if (whole.holds === "strings") {
    return {
      ...whole,
      strings: async (from, to) => await without(await whole.strings(from, to), from, ""),
    };
  }
  if (whole.holds === "numbers") {
    return {
      ...whole,
      numbers: async (from, to) => await without(await whole.numbers(from, to), from, NaN),
    };
  }
  return {
    ...whole,
    codes: async (from, to) => await without(await whole.codes(from, to), from, -1),
  };
}
