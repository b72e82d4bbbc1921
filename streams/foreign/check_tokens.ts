/**
 * Whether a vocabulary can be that of a file, as far as its footer tells.
 *
 * @module
 */

import { columnOf } from "../parquet/chunk.ts";
import type { OpenedFile } from "./foreign_file.ts";

/** Throws a RangeError where the footer names tokens past the last of the vocabulary. */
export function checkTokens({ table, genes }: Pick<OpenedFile, "table" | "genes">, last: number) {
  for (const [group, rows] of table.metadata.row_groups.entries()) {
    const { statistics } = columnOf(rows, genes.leaf).meta_data;
    const most = statistics?.max_value ?? statistics?.max;
    // Statistics are hints: where there are none, or none of numbers, reading will tell.
    if (typeof most !== "number" && typeof most !== "bigint") continue;
    if (Number(most) <= last) continue;
    throw new RangeError(
      `row group ${group} has the token ${most}, and the last of the vocabulary is ${last}; ` +
        "name the vocabulary that the file was written with",
    );
  }
}
