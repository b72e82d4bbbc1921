/**
 * Columns that the decoder of this folder does not know, through hyparquet's own reader: twenty times
 * slower, every encoding and codec.
 *
 * @module
 */

import { parquetRead } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { ColumnPlace } from "./read_column.ts";

/** The values of a column in a row group, one a row: a list, a number, a text, or nothing. */
export async function readSlowly(place: ColumnPlace): Promise<readonly unknown[]> {
  const { file, size, metadata, group, chunk } = place, name = chunk.leaf.path[0];
  const before = metadata.row_groups.slice(0, group);
  const rowStart = before.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
  const values: unknown[] = [];
  await parquetRead({
    file: {
      byteLength: size,
      async slice(start, end = size) {
        const bytes = new Uint8Array(end - start);
        await file.read(bytes, 0, bytes.length, start);
        return bytes.buffer;
      },
    },
    metadata,
    columns: [name],
    rowStart,
    rowEnd: rowStart + chunk.rows,
    compressors,
    rowFormat: "object",
    onComplete: (rows) => {
      for (const row of rows) values.push(row[name]);
    },
  });
  return values;
}
