/**
 * Small h5ad files and 10x folders, written as other programs write them.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as h5 from "h5wasm/node";

await h5.ready;

/** Cells × genes, row by row. */
export type Dense = readonly (readonly number[])[];
/** Numbers of any type. */
export type NumberArray =
  | Int8Array
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint8Array
  | BigInt64Array;

/** How a matrix is laid out. */
export interface Layout {
  readonly as: "csr" | "csc" | "dense";
  /** Type of the values; float32 unless said. */
  readonly values?: (numbers: number[]) => NumberArray;
  /** Type of indices and borders; int32 unless said. */
  readonly places?: (numbers: number[]) => NumberArray;
  readonly compression?: "gzip";
}

/** A column of a table: texts, numbers, or categories in one of anndata's layouts. */
export type Column =
  | readonly string[]
  | NumberArray
  | {
    readonly categories: readonly string[];
    readonly codes: readonly number[];
    readonly old?: true;
  }
  | { readonly values: readonly string[] | NumberArray; readonly mask: readonly number[] };

/** A table by column name; the columns besides the index, which `_index` names. */
export interface Table {
  readonly index: Column;
  readonly columns?: Readonly<Record<string, Column>>;
}

/** What is in an h5ad file: matrices by path ("X", "raw/X", "layers/a") and tables ("obs", "var", "raw/var"). */
export interface H5ad {
  readonly matrices: Readonly<Record<string, readonly [Dense, Layout]>>;
  readonly tables: Readonly<Record<string, Table>>;
}

/** An h5ad file of one matrix, with cells c0, c1, … and the genes given. */
export function simple(
  rows: Dense,
  genes: readonly string[],
  layout: Layout = { as: "csr" },
): H5ad {
  return {
    matrices: { X: [rows, layout] },
    tables: { obs: { index: rows.map((_, i) => `c${i}`) }, var: { index: genes } },
  };
}

/** Writes the file and returns its path. */
export function writeH5ad(path: string, { matrices, tables }: H5ad): string {
  const file = new h5.File(path, "w");
  const known = new Map<string, h5.Group>();
  function group(at: string): h5.Group {
    if (at === "") return file;
    const parts = at.split("/"), name = parts.pop()!;
    if (!known.has(at)) known.set(at, group(parts.join("/")).create_group(name));
    return known.get(at)!;
  }
  for (const [at, [rows, layout]] of Object.entries(matrices)) writeMatrix(group, at, rows, layout);
  for (const [at, table] of Object.entries(tables)) writeTable(group, at, table);
  file.close();
  return path;
}

type Groups = (at: string) => h5.Group;

function writeArray(
  at: h5.Group,
  name: string,
  data: readonly string[] | NumberArray,
  options = {},
): void {
  at.create_dataset({ name, data: data as string[], ...options });
}

function writeMatrix(group: Groups, at: string, rows: Dense, layout: Layout): void {
  const values = layout.values ?? ((v) => Float32Array.from(v)),
    places = layout.places ?? ((v) => Int32Array.from(v));
  const cells = rows.length, genes = rows[0].length;
  const packed = (length: number) =>
    layout.compression && length > 0 ? { compression: "gzip", chunks: [Math.min(length, 5)] } : {};
  if (layout.as === "dense") {
    const parts = at.split("/"), name = parts.pop()!;
    const data = values(rows.flat());
    const options = layout.compression ? { compression: "gzip", chunks: [1, genes] } : {};
    writeArray(group(parts.join("/")), name, data, { shape: [cells, genes], ...options });
    return;
  }
  const { data, indices, indptr } = compress(layout.as === "csr" ? rows : transposed(rows));
  const into = group(at);
  into.create_attribute("encoding-type", `${layout.as}_matrix`);
  into.create_attribute("shape", BigInt64Array.of(BigInt(cells), BigInt(genes)));
  writeArray(into, "data", values(data), packed(data.length));
  writeArray(into, "indices", places(indices), packed(data.length));
  writeArray(into, "indptr", places(indptr));
}

/** The rows in compressed form. */
export function compress(rows: Dense) {
  const data: number[] = [], indices: number[] = [], indptr = [0];
  for (const row of rows) {
    row.forEach((value, column) => {
      if (value === 0) return;
      data.push(value);
      indices.push(column);
    });
    indptr.push(data.length);
  }
  return { data, indices, indptr };
}

/** Columns as rows. */
export const transposed = (rows: Dense): Dense =>
  rows[0].map((_, column) => rows.map((row) => row[column]));

function writeTable(group: Groups, at: string, { index, columns = {} }: Table): void {
  group(at).create_attribute("_index", "_index");
  for (const [name, column] of Object.entries({ _index: index, ...columns })) {
    if ("mask" in column) {
      writeArray(group(`${at}/${name}`), "values", column.values);
      writeArray(group(`${at}/${name}`), "mask", Uint8Array.from(column.mask));
    } else if ("codes" in column) {
      const codes = Int8Array.from(column.codes), { categories, old } = column;
      writeArray(old ? group(at) : group(`${at}/${name}`), old ? name : "codes", codes);
      if (old) writeArray(group(`${at}/__categories`), name, categories);
      else writeArray(group(`${at}/${name}`), "categories", categories);
    } else writeArray(group(at), name, column);
  }
}

/** What is in a 10x folder; lines of text by file name, or nothing where undefined. */
export type Folder = Readonly<Record<string, readonly string[] | undefined>>;

/** The files of a 10x folder for a matrix, as Cell Ranger names them. */
export function tenx(rows: Dense, genes: readonly string[]): Folder {
  const entries = rows.flatMap((row, cell) =>
    row.flatMap((value, gene) => value === 0 ? [] : [`${gene + 1} ${cell + 1} ${value}`])
  );
  return {
    "matrix.mtx.gz": [
      "%%MatrixMarket matrix coordinate real general",
      "% rows are genes",
      `${genes.length} ${rows.length} ${entries.length}`,
      ...entries,
    ],
    "features.tsv.gz": genes.map((gene, i) => `ENSG${i}\t${gene}\tGene Expression`),
    "barcodes.tsv.gz": rows.map((_, i) => `c${i}`),
  };
}

/** Writes the files, gzip where the name says so, and returns the path of the folder. */
export function writeFolder(folder: string, files: Folder): string {
  mkdirSync(folder);
  for (const [name, lines] of Object.entries(files)) {
    if (lines === undefined) continue;
    const text = lines.map((line) => `${line}\n`).join("");
    writeFileSync(join(folder, name), name.endsWith(".gz") ? gzipSync(text) : text);
  }
  return folder;
}
