/**
 * Where the values of one column in one row group lie, checked against the file before it is read.
 *
 * @module
 */

import type { ColumnChunk, ColumnMetaData, FileMetaData, RowGroup } from "hyparquet";
import type { Leaf } from "./leaf.ts";
import { CODECS } from "./unpack_page.ts";

/** A run of pages. */
export interface Chunk {
  readonly leaf: Leaf;
  /** First byte within the file. */
  readonly start: number;
  readonly bytes: number;
  /** Bytes of all pages once decompressed, with their headers. */
  readonly unpacked: number;
  /** Values, nulls and empty lists counted. */
  readonly values: number;
  readonly rows: number;
  readonly codec: ColumnMetaData["codec"];
  readonly encodings: ColumnMetaData["encodings"];
}

/** No column of a row group may be larger, packed or not: an array could not hold it. */
const LARGEST = 2 ** 31;

/**
 * The chunk of a column in a row group.
 *
 * @param size Bytes of the file.
 * @throws RangeError when the footer claims what cannot be.
 */
export function chunkOf(metadata: FileMetaData, group: number, leaf: Leaf, size: number): Chunk {
  const { num_rows } = metadata.row_groups[group], name = leaf.path[0];
  const { meta_data: column } = columnOf(metadata.row_groups[group], leaf);
  const start = Number(column.dictionary_page_offset || column.data_page_offset);
  const chunk: Chunk = {
    leaf,
    start: Math.min(start, Number(column.data_page_offset)),
    bytes: Number(column.total_compressed_size),
    unpacked: Number(column.total_uncompressed_size),
    values: Number(column.num_values),
    rows: Number(num_rows),
    codec: column.codec,
    encodings: column.encodings,
  };
  if (!(chunk.start >= 4 && chunk.bytes >= 0 && chunk.start + chunk.bytes <= size)) {
    throw new RangeError(`column "${name}" lies outside the file`);
  }
  const sizes = [chunk.bytes, chunk.unpacked, chunk.values * 8, chunk.rows * 8];
  if (!sizes.every((bytes) => bytes >= 0 && bytes < LARGEST)) {
    throw new RangeError(`column "${name}" claims an impossible size`);
  }
  if (
    column.type !== leaf.type ||
    (leaf.lists ? chunk.values < chunk.rows : chunk.values !== chunk.rows)
  ) {
    throw new RangeError(`column "${name}" contradicts the schema`);
  }
  return chunk;
}

/** What the footer says of a column in a row group; throws a RangeError where it says nothing. */
export function columnOf(
  { columns }: RowGroup,
  { path }: Leaf,
): ColumnChunk & { readonly meta_data: ColumnMetaData } {
  const found = columns.find(({ meta_data }) =>
    meta_data?.path_in_schema.length === path.length &&
    path.every((name, depth) => meta_data.path_in_schema[depth] === name)
  );
  if (!found?.meta_data) throw new RangeError(`column "${path[0]}" is missing`);
  return { ...found, meta_data: found.meta_data };
}

const FAST_ENCODINGS = new Set([
  "PLAIN",
  "PLAIN_DICTIONARY",
  "RLE",
  "RLE_DICTIONARY",
  "DELTA_BINARY_PACKED",
  "BYTE_STREAM_SPLIT",
]);
const NUMBERS = ["INT32", "INT64", "FLOAT", "DOUBLE"];

/** Whether the decoder of this folder reads the chunk; everything else is left to slower ones. */
export function isFast({ leaf, codec, encodings }: Chunk): boolean {
  const types = leaf.lists ? NUMBERS : [...NUMBERS, "BOOLEAN", "BYTE_ARRAY"];
  return types.includes(leaf.type) && CODECS.has(codec) &&
    encodings.every((encoding) => FAST_ENCODINGS.has(encoding));
}
