/**
 * One shard, opened by what is known of it.
 *
 * Loaded by decode workers too, so nothing here loads Effect, nor what reads footers.
 *
 * @module
 */

import type { ByteSource } from "../bytes/byte_source.ts";
import { openBytes } from "../bytes/open_bytes.ts";
import { CHUNK } from "../parquet/chunk_map.ts";
import { columnIn, type ColumnMap, type TableColumn } from "../parquet/table_column.ts";
import type { Layout } from "./layout.ts";

/** A file of an atlas as its manifest names it. */
export interface ShardFile {
  /** Its name within the atlas. */
  readonly name: string;
  /** Path or address. */
  readonly place: string;
  readonly bytes: number;
  readonly rows: number;
}

/** What is known of a shard once its footer has been read; plain data, whose memory threads share. */
export interface ShardEntry extends ShardFile {
  /** What its bytes were when the atlas was opened. */
  readonly version: string;
  readonly columns: readonly ColumnMap[];
}

/** A shard that can be read. */
export interface Shard {
  readonly entry: ShardEntry;
  readonly bytes: ByteSource;
  readonly columns: ReadonlyMap<string, TableColumn>;
  /** First cell of each row group, then the cells in all. */
  readonly starts: Uint32Array;
}

/** What all shards of an atlas must be like. */
export type AtlasLayout = Layout & { readonly sha256: string };

/**
 * Opens a shard to read the columns of these names; what is known of it is not read again.
 *
 * @throws RangeError where it is not what it was, and what the file system throws.
 */
export async function openShard(
  entry: ShardEntry,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Shard> {
  const bytes = await openBytes(entry.place, signal ? { signal } : {});
  try {
    checkVersion(entry, bytes);
  } catch (cause) {
    await bytes.close();
    throw cause;
  }
  const columns = new Map(
    names.map((name) => {
      const map = entry.columns.find(({ leaf }) => leaf.path[0] === name)!;
      return [name, columnIn(bytes, map)] as const;
    }),
  );
  return { entry, bytes, columns, starts: startsOf(columnIn(bytes, entry.columns[0])) };
}

/** Throws where the bytes are no longer those that the atlas was opened with. */
export function checkVersion({ version }: ShardEntry, bytes: ByteSource): void {
  if (version !== bytes.version) throw new RangeError("it changed since it was opened");
}

function startsOf({ groups, chunks }: TableColumn): Uint32Array {
  const starts = new Uint32Array(groups + 1);
  for (let group = 0; group < groups; group++) {
    starts[group + 1] = starts[group] + chunks[group * CHUNK.length + CHUNK.rows];
  }
  return starts;
}
