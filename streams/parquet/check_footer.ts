/**
 * Whether a footer that could be parsed has what every Parquet file has.
 *
 * @module
 */

import type { ColumnChunk, FileMetaData } from "hyparquet";

/**
 * Throws a RangeError where something is missing or of another type; hyparquet hands on what it finds.
 * What the numbers claim is looked at when a column is opened, as other columns are nobody's business.
 */
export function checkFooter({ schema, row_groups }: FileMetaData): void {
  const elements = schema.every(({ name, num_children }) =>
    typeof name === "string" && (num_children === undefined || Number.isSafeInteger(num_children))
  );
  const groups = row_groups.every(({ columns, num_rows }) =>
    typeof num_rows === "bigint" && columns.every(isColumn)
  );
  if (!elements || schema.length === 0) throw new RangeError("a column has no name");
  if (!groups) throw new RangeError("a row group says nothing of its columns");
}

function isColumn(chunk: ColumnChunk): boolean {
  const { meta_data: column } = chunk;
  if (column === undefined) return true;
  const integers = [
    column.num_values,
    column.total_compressed_size,
    column.total_uncompressed_size,
    column.data_page_offset,
  ];
  return Array.isArray(column.encodings) && Array.isArray(column.path_in_schema) &&
    column.path_in_schema.every((part) => typeof part === "string") &&
    integers.every((integer) => typeof integer === "bigint") &&
    [column.dictionary_page_offset, chunk.offset_index_offset].every((offset) =>
      offset === undefined || typeof offset === "bigint"
    ) &&
    (chunk.offset_index_length === undefined || typeof chunk.offset_index_length === "number");
}
