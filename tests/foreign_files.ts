/**
 * Parquet files in layouts of others, for tests.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import type { ParquetType } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { listColumn, tableSchema, textColumn } from "../streams/parquet/schema.ts";

/** A cell as a row. */
export interface ForeignRow {
  readonly genes: readonly number[];
  readonly expressions: readonly number[];
  readonly kind?: string | undefined;
  readonly number?: number | undefined;
}

/** How rows are stored. */
export interface Storage {
  readonly tokens?: ParquetType;
  readonly values?: ParquetType;
  readonly rowGroup?: number;
  readonly statistics?: boolean;
  /** Bytes of a page, of which no index tells then. */
  readonly pageSize?: number;
}

/** Writes rows in row groups of thirty, of 32-bit floats unless asked otherwise. */
export function writeForeign(
  path: string,
  rows: readonly ForeignRow[],
  { tokens = "FLOAT", values = "FLOAT", rowGroup = 30, statistics = false, pageSize }: Storage = {},
): void {
  const stored = (type: ParquetType, list: readonly number[]) =>
    type === "INT64" ? list.map(BigInt) : [...list];
  const index = pageSize ? { offsetIndex: false } : {};
  const buffer = parquetWriteBuffer({
    schema: tableSchema([
      listColumn("genes", tokens),
      listColumn("expressions", values),
      textColumn("kind"),
      [{ name: "number", repetition_type: "OPTIONAL", type: "INT32" }],
    ]),
    columnData: [
      { ...index, name: "genes", data: rows.map(({ genes }) => stored(tokens, genes)) },
      {
        ...index,
        name: "expressions",
        data: rows.map(({ expressions }) => stored(values, expressions)),
      },
      { ...index, name: "kind", data: rows.map(({ kind }) => kind) },
      { ...index, name: "number", data: rows.map(({ number }) => number) },
    ],
    rowGroupSize: rowGroup,
    statistics,
    ...(pageSize && { pageSize }),
  });
  writeFileSync(path, new Uint8Array(buffer));
}
