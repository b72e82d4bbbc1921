/**
 * An opened Parquet file: what its footer says, and where the pages of its columns lie.
 *
 * @module
 */

import type { ColumnChunk, FileMetaData } from "hyparquet";
import type { ByteRange, ByteSource } from "../bytes/byte_source.ts";
import { columnOf } from "./chunk.ts";
import { footerOf } from "./footer.ts";
import { type Leaf, leafOf } from "./leaf.ts";

/** A Parquet file whose footer has been read; whoever opened the bytes closes them. */
export interface ParquetTable {
  readonly bytes: ByteSource;
  readonly metadata: FileMetaData;
}

/** A column that pieces can be read of; see `planPiece`. */
export interface TableColumn {
  readonly table: ParquetTable;
  readonly leaf: Leaf;
  /** The offset index of each row group, as it stands in the file; undefined where there is none. */
  readonly indexes: readonly (Uint8Array | undefined)[];
}

/** Offset indexes of this many bytes are left alone: no honest file has as many pages. */
const LARGEST_INDEX = 2 ** 28;

/** Reads the footer. Throws a RangeError where it is not that of a Parquet file. */
export async function openTable(bytes: ByteSource): Promise<ParquetTable> {
  return { bytes, metadata: await footerOf(bytes) };
}

/**
 * The columns of these names, their offset indexes read together, at once. Throws a RangeError where
 * the file has no such list or column of single values, or where its indexes lie outside it.
 */
export async function openColumns(
  table: ParquetTable,
  names: readonly string[],
): Promise<TableColumn[]> {
  const { metadata, bytes: file } = table;
  const leaves = names.map((name) => {
    const leaf = leafOf(metadata, name);
    if (!leaf) throw new RangeError(`it has no column "${name}"`);
    return leaf;
  });
  const places = leaves.map((leaf) =>
    metadata.row_groups.map((group) => placeOf(columnOf(group, leaf), file.size))
  );
  const all = places.flat().filter((place) => place !== undefined);
  const from = Math.min(...all.map((place) => place.from));
  const to = Math.max(...all.map((place) => place.to));
  const known = all.length > 0 && to - from <= LARGEST_INDEX;
  const bytes = new Uint8Array(known ? to - from : 0);
  if (known) await file.read(bytes, from);
  return leaves.map((leaf, i) => ({
    table,
    leaf,
    indexes: places[i].map((place) =>
      known && place ? bytes.subarray(place.from - from, place.to - from) : undefined
    ),
  }));
}

/** Where the offset index of a column in a row group lies; undefined where it has none. */
function placeOf(column: ColumnChunk, size: number): ByteRange | undefined {
  const { offset_index_offset, offset_index_length } = column;
  if (offset_index_offset === undefined || offset_index_length === undefined) return undefined;
  const from = Number(offset_index_offset), to = from + offset_index_length;
  if (!(from >= 4 && to >= from && to <= size)) {
    throw new RangeError("an offset index lies outside the file");
  }
  return { from, to };
}
