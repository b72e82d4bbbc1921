/**
 * A group of cells as the columns of a Parquet row group.
 *
 * @module
 */

import type { SchemaElement } from "hyparquet";
import { encodeIds, encodeValues } from "../parquet/encode_lists.ts";
import type { EncodedChunk } from "../parquet/encode_page.ts";
import { encodeCategories, encodeNumbers } from "../parquet/encode_singles.ts";
import { listColumn, numberColumn, tableSchema, textColumn } from "../parquet/schema.ts";
import type { CellGroup } from "./cell_group.ts";
import { COUNTS, GENES, type Layout } from "./layout.ts";

/** The schema of a shard whose largest value is `largest`. */
export function schemaOf(
  { genes, values, columns, numbers }: Layout,
  largest: number,
): SchemaElement[] {
  const counts = values === "counts"
    ? listColumn(COUNTS, "INT32", largest < 2 ** 16 ? "UINT_16" : "UINT_32")
    : listColumn(COUNTS, "FLOAT");
  return tableSchema([
    listColumn(GENES, "INT32", genes <= 2 ** 16 ? "UINT_16" : "UINT_32"),
    counts,
    ...columns.map(({ name }) => textColumn(name)),
    ...numbers.map(numberColumn),
  ]);
}

/** The columns of a row group, in the order of the schema. */
export function encodeGroup(
  { values, columns, numbers }: Layout,
  group: CellGroup,
): EncodedChunk[] {
  const { offsets } = group;
  return [
    encodeIds(GENES, offsets, group.genes),
    encodeValues(COUNTS, offsets, group.values, values === "counts" ? "INT32" : "FLOAT"),
    ...columns.map(({ name, categories }, i) => encodeCategories(name, group.codes[i], categories)),
    ...numbers.map((name, i) => encodeNumbers(name, group.numbers[i])),
  ];
}
