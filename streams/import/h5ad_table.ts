/**
 * The tables of an h5ad file, `obs` and `var`: their columns in every layout that anndata has written
 * since 0.7.
 *
 * @module
 */

import type { H5Array, H5File } from "./h5_file.ts";
import { unreadable } from "./unreadable.ts";

/** A column as the file holds it; readers take the range of rows `from … to - 1`. */
export type TableColumn =
  | { readonly holds: "strings"; strings(from: number, to: number): string[] }
  | { readonly holds: "numbers"; numbers(from: number, to: number): Float64Array }
  | {
    readonly holds: "categories";
    readonly categories: readonly string[];
    codes(from: number, to: number): Int32Array;
  };

/** A table of an h5ad file. */
export interface Table {
  readonly rows: number;
  /** Name of the column that names the rows. */
  readonly index: string;
  /** Names of the other columns, in the order of the table. */
  readonly columns: readonly string[];
  /** Opens a column, the index included; undefined where its layout is unknown. */
  column(name: string): TableColumn | undefined;
}

/** Opens the table at a path, "obs", "var" or "raw/var"; throws an `InputError` where there is none. */
export function openTable(file: H5File, at: string): Table {
  if (file.kind(at) !== "group") {
    const old = file.kind(at) === "array";
    throw unreadable(
      file.path,
      old
        ? `its "${at}" has the layout of anndata before 0.7; read and write it again with a newer anndata`
        : `it has no "${at}"; an h5ad file has X, obs and var`,
    );
  }
  const said = file.attribute(at, "_index");
  const index = typeof said === "string" ? said : "_index";
  const order = file.attribute(at, "column-order");
  const names = Array.isArray(order) ? order as string[] : file.names(at);
  return {
    rows: lengthOf(file, `${at}/${index}`),
    index,
    columns: names.filter((name) => name !== index && name !== "__categories"),
    column: (name) => openColumn(file, at, name),
  };
}

/** All strings of a column; categories and numbers are written out, "" where there is none. */
export function stringsOf(column: TableColumn, rows: number): string[] {
  if (column.holds === "strings") return column.strings(0, rows);
  if (column.holds === "numbers") return Array.from(column.numbers(0, rows), numberName);
  return Array.from(column.codes(0, rows), (code) => column.categories[code] ?? "");
}

/** A number as a category: "" for NaN. */
export const numberName = (value: number): string => Number.isNaN(value) ? "" : String(value);

function lengthOf(file: H5File, at: string): number {
  const parts = [at, `${at}/codes`, `${at}/values`];
  return file.array(parts.find((part) => file.kind(part) === "array") ?? at).shape[0];
}

function openColumn(file: H5File, table: string, name: string): TableColumn | undefined {
  const at = `${table}/${name}`, old = `${table}/__categories/${name}`;
  if (file.kind(at) === "group") {
    if (file.kind(`${at}/codes`) === "array") {
      return coded(file, file.array(`${at}/codes`), file.array(`${at}/categories`), at);
    }
    if (file.kind(`${at}/values`) === "array" && file.kind(`${at}/mask`) === "array") {
      return masked(file.array(`${at}/values`), file.array(`${at}/mask`));
    }
    return undefined;
  }
  if (file.kind(at) === "nothing") return undefined;
  const array = file.array(at);
  if (file.kind(old) === "array") return coded(file, array, file.array(old), at);
  return array.shape.length === 1 ? plain(array) : undefined;
}

/** Codes into categories. */
function coded(file: H5File, codes: H5Array, names: H5Array, at: string): TableColumn {
  const categories = namesOf(names);
  return {
    holds: "categories",
    categories,
    codes(from, to) {
      const read = Int32Array.from(codes.numbers(from, to));
      if (read.some((code) => code < -1 || code >= categories.length)) {
        throw unreadable(
          file.path,
          `"${at}" has a code outside its ${categories.length} categories`,
        );
      }
      return read;
    },
  };
}

const BOOLEANS = ["False", "True"];

function namesOf(array: H5Array): string[] {
  const rows = array.shape[0];
  if (array.holds === "strings") return array.strings(0, rows);
  const names = array.holds === "booleans" ? (v: number) => BOOLEANS[v] : String;
  return Array.from(array.numbers(0, rows), (value) => names(value));
}

function plain(array: H5Array): TableColumn {
  if (array.holds === "strings") return { holds: "strings", strings: array.strings };
  if (array.holds === "numbers") {
    const numbers = (from: number, to: number) => new Float64Array(array.numbers(from, to));
    return { holds: "numbers", numbers };
  }
  const codes = (from: number, to: number) => Int32Array.from(array.numbers(from, to));
  return { holds: "categories", categories: BOOLEANS, codes };
}

/** Values some of which are missing: anndata's nullable integers, booleans and strings. */
function masked(values: H5Array, mask: H5Array): TableColumn {
  const whole = plain(values);
  function without<A extends string[] | Float64Array | Int32Array>(
    read: A,
    from: number,
    none: A[number],
  ): A {
    mask.numbers(from, from + read.length).forEach((hidden, i) => {
      if (hidden) read[i] = none;
    });
    return read;
  }
  if (whole.holds === "strings") {
    return { ...whole, strings: (from, to) => without(whole.strings(from, to), from, "") };
  }
  if (whole.holds === "numbers") {
    return { ...whole, numbers: (from, to) => without(whole.numbers(from, to), from, NaN) };
  }
  return { ...whole, codes: (from, to) => without(whole.codes(from, to), from, -1) };
}
