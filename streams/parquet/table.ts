/**
 * An opened Parquet file: what its footer says, and where the pages of its columns lie.
 *
 * @module
 */

import type { ByteSource } from "../bytes/byte_source.ts";
import { mapChunks } from "./chunk_map.ts";
import { type Footer, footerOf } from "./footer.ts";
import { leafOf } from "./leaf.ts";
import { readIndexes } from "./offset_indexes.ts";
import { columnIn, type TableColumn } from "./table_column.ts";

export type { ColumnMap, TableColumn } from "./table_column.ts";

/** A Parquet file whose footer has been read; whoever opened the bytes closes them. */
export interface ParquetTable {
  readonly bytes: ByteSource;
  readonly footer: Footer;
}

/** Reads the footer. Throws a RangeError where it is not that of a Parquet file. */
export async function openTable(bytes: ByteSource): Promise<ParquetTable> {
  return { bytes, footer: await footerOf(bytes) };
}

/**
 * The columns of these names, their offset indexes read together, at once. Throws a RangeError where
 * the file has no such list or column of single values, or where its indexes lie outside it.
 */
export async function openColumns(
  { footer, bytes }: ParquetTable,
  names: readonly string[],
): Promise<TableColumn[]> {
  const distinct = [...new Set(names)];
  const leaves = distinct.map((name) => {
    const leaf = leafOf(footer.schema, name);
    if (!leaf) throw new RangeError(`it has no column "${name}"`);
    return leaf;
  });
  const maps = mapChunks(footer, leaves), indexes = await readIndexes(bytes, maps);
  const groups = footer.rows.length;
  const columns = leaves.map((leaf, i) =>
    columnIn(bytes, { leaf, groups, memory: maps[i].buffer, indexes })
  );
  return names.map((name) => columns[distinct.indexOf(name)]);
}
