/**
 * Columns as a Parquet footer names them.
 *
 * Converted types only: hyparquet-writer 0.17 writes the width within the logical type INTEGER as
 * four bytes, and strict readers refuse the file.
 *
 * @module
 */

import type { ConvertedType, ParquetType, SchemaElement } from "hyparquet";

/** The root over these columns. */
export function tableSchema(columns: readonly SchemaElement[][]): SchemaElement[] {
  return [
    { name: "schema", repetition_type: "REQUIRED", num_children: columns.length },
    ...columns.flat(),
  ];
}

/** A list in every row, perhaps empty, of elements that are there. */
export function listColumn(
  name: string,
  type: ParquetType,
  converted_type?: ConvertedType,
): SchemaElement[] {
  return [
    {
      name,
      repetition_type: "REQUIRED",
      num_children: 1,
      converted_type: "LIST",
      logical_type: { type: "LIST" },
    },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    {
      name: "element",
      repetition_type: "REQUIRED",
      type,
      ...(converted_type && { converted_type }),
    },
  ];
}

/** A text in a row, or none. */
export function textColumn(name: string): SchemaElement[] {
  return [{
    name,
    repetition_type: "OPTIONAL",
    type: "BYTE_ARRAY",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
  }];
}

/** A number in a row, or none. */
export function numberColumn(name: string): SchemaElement[] {
  return [{ name, repetition_type: "OPTIONAL", type: "DOUBLE" }];
}
