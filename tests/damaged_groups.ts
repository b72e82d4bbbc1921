/**
 * Row groups that cannot be read.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CellBatch, concatCells } from "../core/batch.ts";
import type { ReadRequest, Source } from "../core/source.ts";
import { GENES } from "../streams/atlas/layout.ts";
import { openBytes } from "../streams/bytes/open_bytes.ts";
import { chunkOf } from "../streams/parquet/chunk.ts";
import { openColumns, openTable } from "../streams/parquet/table.ts";

/** What can be read of a source that leaves the rest out, as one batch with all columns. */
export async function readLeft(source: Source, request: ReadRequest): Promise<CellBatch> {
  const columns = source.columns.map(({ name }) => name);
  return concatCells(await Array.fromAsync(source.read({ columns, ...request })));
}

/** Flips a bit of the genes of a row group in the middle of its bytes: the checksum is wrong then. */
export async function damageGroup(folder: string, shard: string, group: number): Promise<void> {
  const path = join(folder, shard), bytes = await openBytes(path);
  try {
    const [genes] = await openColumns(await openTable(bytes), [GENES]);
    const { start, bytes: size } = chunkOf(genes, group), all = readFileSync(path);
    all[start + (size >> 1)] ^= 1;
    writeFileSync(path, all);
  } finally {
    await bytes.close();
  }
}
