/**
 * Small AnnData stores in zarr's two versions, written as other programs write them.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  type Column,
  compress,
  type Dense,
  type H5ad,
  type Layout,
  type NumberArray,
  transposed,
} from "./data_files.ts";

/** How a store is written. */
export interface ZarrLayout {
  readonly version: 2 | 3;
  readonly pack: "none" | "gzip" | "zstd";
  /** Values in a chunk of a list; rows and columns in one of a matrix. */
  readonly chunk: number;
}

type Values = readonly string[] | NumberArray;

/** Writes the store and returns its path. */
export function writeZarr(path: string, { matrices, tables }: H5ad, layout: ZarrLayout): string {
  const into = { path, layout };
  for (const at of ["", "layers", "obs", "var"]) writeGroup(into, at, {});
  for (const [at, [rows, how]] of Object.entries(matrices)) writeMatrix(into, at, rows, how);
  for (const [at, { index, columns = {} }] of Object.entries(tables)) {
    writeGroup(into, at, { _index: "_index", "column-order": Object.keys(columns) });
    for (const [name, column] of Object.entries({ _index: index, ...columns })) {
      writeColumn(into, `${at}/${name}`, column);
    }
  }
  return path;
}

interface Into {
  readonly path: string;
  readonly layout: ZarrLayout;
}

function writeFile(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

const json = (path: string, value: unknown) => writeFile(path, JSON.stringify(value));

function writeGroup({ path, layout }: Into, at: string, attributes: unknown): void {
  const folder = join(path, at);
  if (layout.version === 3) {
    json(join(folder, "zarr.json"), { zarr_format: 3, node_type: "group", attributes });
    return;
  }
  json(join(folder, ".zgroup"), { zarr_format: 2 });
  json(join(folder, ".zattrs"), attributes);
}

function writeMatrix(into: Into, at: string, rows: Dense, how: Layout): void {
  const values = how.values ?? ((v: number[]) => Float32Array.from(v));
  const places = how.places ?? ((v: number[]) => Int32Array.from(v));
  const shape = [rows.length, rows[0].length];
  if (how.as === "dense") return writeArray(into, at, values(rows.flat()), shape);
  writeGroup(into, at, { "encoding-type": `${how.as}_matrix`, shape });
  const { data, indices, indptr } = compress(how.as === "csr" ? rows : transposed(rows));
  writeArray(into, `${at}/data`, values(data));
  writeArray(into, `${at}/indices`, places(indices));
  writeArray(into, `${at}/indptr`, places(indptr));
}

function writeColumn(into: Into, at: string, column: Column): void {
  if ("mask" in column) {
    writeGroup(into, at, {});
    writeArray(into, `${at}/values`, column.values);
    writeArray(into, `${at}/mask`, Uint8Array.from(column.mask));
  } else if ("codes" in column) {
    writeGroup(into, at, {});
    writeArray(into, `${at}/codes`, Int8Array.from(column.codes));
    writeArray(into, `${at}/categories`, column.categories);
  } else writeArray(into, at, column);
}

const NAMES: Readonly<Record<string, readonly [two: string, three: string]>> = {
  Int8Array: ["|i1", "int8"],
  Uint8Array: ["|u1", "uint8"],
  Int32Array: ["<i4", "int32"],
  BigInt64Array: ["<i8", "int64"],
  Float32Array: ["<f4", "float32"],
  Float64Array: ["<f8", "float64"],
};

/** Writes an array of one axis, or of two. */
export function writeArray(
  { path, layout }: Into,
  at: string,
  values: Values,
  shape: readonly number[] = [(values as ArrayLike<unknown>).length],
): void {
  const folder = join(path, at), { version, pack, chunk } = layout;
  const texts = Array.isArray(values);
  const [two, three] = texts ? ["|O", "string"] : NAMES[values.constructor.name];
  const chunks = shape.map(() => chunk);
  if (version === 3) {
    json(join(folder, "zarr.json"), {
      zarr_format: 3,
      node_type: "array",
      attributes: {},
      shape,
      data_type: three,
      chunk_grid: { name: "regular", configuration: { chunk_shape: chunks } },
      chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
      fill_value: texts ? "" : 0,
      codecs: [
        texts ? { name: "vlen-utf8" } : { name: "bytes", configuration: { endian: "little" } },
        ...pack === "none" ? [] : [{ name: pack, configuration: { level: 1, checksum: true } }],
      ],
    });
  } else {
    json(join(folder, ".zarray"), {
      zarr_format: 2,
      shape,
      chunks,
      dtype: two,
      order: "C",
      fill_value: texts ? "" : 0,
      filters: texts ? [{ id: "vlen-utf8" }] : null,
      compressor: pack === "none" ? null : { id: pack, level: 1 },
      dimension_separator: ".",
    });
  }
  const [height, breadth = 1] = shape;
  for (let top = 0; top < height; top += chunk) {
    for (let left = 0; left < breadth; left += chunk) {
      const places = shape.map((_, axis) => (axis === 0 ? top : left) / chunk);
      const key = version === 3 ? join("c", ...places.map(String)) : places.join(".");
      const bytes = texts
        ? textBytes(cut(values as readonly string[], { top, left, shape, chunk, none: "" }))
        : numberBytes(values as NumberArray, { top, left, shape, chunk, none: 0 });
      writeFile(join(folder, key), packed(bytes, pack));
    }
  }
}

interface Cut<A> {
  readonly top: number;
  readonly left: number;
  readonly shape: readonly number[];
  readonly chunk: number;
  readonly none: A;
}

/** The values of a chunk, padded to its full size as zarr does at the edges. */
function cut<A>(values: ArrayLike<A>, { top, left, shape, chunk, none }: Cut<A>): A[] {
  const [height, breadth = 1] = shape, out: A[] = [];
  for (let row = top; row < top + chunk; row++) {
    for (let column = left; column < left + (shape.length === 2 ? chunk : 1); column++) {
      out.push(row < height && column < breadth ? values[row * breadth + column] : none);
    }
  }
  return out;
}

function numberBytes(values: NumberArray, part: Cut<number>): Uint8Array {
  const numbers = cut(Array.from(values as ArrayLike<number | bigint>, Number), part);
  const typed = values instanceof BigInt64Array
    ? BigInt64Array.from(numbers, BigInt)
    : new (values.constructor as Float64ArrayConstructor)(numbers);
  return new Uint8Array(typed.buffer);
}

/** The number of texts, then each with its length. */
function textBytes(texts: readonly string[]): Uint8Array {
  const parts = texts.map((text) => new TextEncoder().encode(text));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + 4 + length, 4));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, texts.length, true);
  let at = 4;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

function packed(bytes: Uint8Array, pack: ZarrLayout["pack"]): Uint8Array {
  return pack === "gzip" ? gzipSync(bytes) : pack === "zstd" ? zstdCompressSync(bytes) : bytes;
}
