/**
 * Which reader a column takes.
 *
 * @module
 */

import { type Chunk, chunkOf, isFast } from "../chunk.ts";
import { leafOf } from "../leaf.ts";
import type { ParquetTable } from "../table.ts";

/** The way of a column: through the decoder here, or through parquet-wasm, and why. */
export type ColumnPath =
  | { readonly path: "fast" }
  /** As a clause that names what the decoder does not know: "codec BROTLI". */
  | { readonly path: "slow"; readonly reason: string };

/**
 * How the column called `name` is read: slowly if one of its row groups is. Throws a RangeError where
 * the table has no such column, or claims of it what cannot be.
 */
export function pathOf({ metadata, bytes }: ParquetTable, name: string): ColumnPath {
  if (!metadata.schema.some((element) => element.name === name)) {
    throw new RangeError(`it has no column "${name}"`);
  }
  const leaf = leafOf(metadata, name);
  if (!leaf) return { path: "slow", reason: "lists of lists or of structures" };
  for (let group = 0; group < metadata.row_groups.length; group++) {
    const path = chunkPath(chunkOf(metadata, group, leaf, bytes.size));
    if (path.path === "slow") return path;
  }
  return { path: "fast" };
}

/** How a column is read in one row group. */
export function chunkPath(chunk: Chunk): ColumnPath {
  if (isFast(chunk)) return { path: "fast" };
  const plain = { ...chunk, codec: "UNCOMPRESSED" } as const;
  const unknown = chunk.encodings.find((each) => !isFast({ ...plain, encodings: [each] }));
  const reason = isFast(plain)
    ? `codec ${chunk.codec}`
    : isFast({ ...plain, encodings: [] })
    ? `encoding ${unknown}`
    : `type ${chunk.leaf.type}`;
  return { path: "slow", reason };
}
