/**
 * Where the values of one column in one row group lie, checked against the file before it is read.
 *
 * @module
 */

import type { ColumnMetaData, FileMetaData } from "hyparquet";
import type { Leaf } from "./leaf.ts";

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
  const { columns, num_rows } = metadata.row_groups[group];
  const name = leaf.path[0], path = leaf.path.join("\0");
  const found = columns.find(({ meta_data }) => meta_data?.path_in_schema.join("\0") === path);
  if (!found?.meta_data) throw new RangeError(`column "${name}" is missing`);
  const { meta_data: column } = found;
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

const FAST_CODECS = new Set(["UNCOMPRESSED", "SNAPPY", "ZSTD"]);
const FAST_ENCODINGS = new Set([
  "PLAIN",
  "PLAIN_DICTIONARY",
  "RLE",
  "RLE_DICTIONARY",
  "DELTA_BINARY_PACKED",
]);

/** Whether the decoder of this folder reads the chunk; everything else is left to hyparquet. */
export function isFast({ leaf, codec, encodings }: Chunk): boolean {
  const types = leaf.lists ? ["INT32", "FLOAT"] : ["BYTE_ARRAY", "DOUBLE"];
  return types.includes(leaf.type) && FAST_CODECS.has(codec) &&
    encodings.every((encoding) => FAST_ENCODINGS.has(encoding));
}
