/**
 * One shard, opened and held against what is known of it.
 *
 * Loaded by decode workers too, so nothing here loads Effect.
 *
 * @module
 */

import type { ByteSource } from "../bytes/byte_source.ts";
import { openBytes } from "../bytes/open_bytes.ts";
import { chunkOf } from "../parquet/chunk.ts";
import { openColumns, openTable, type ParquetTable, type TableColumn } from "../parquet/table.ts";
import { COUNTS, GENES, type Layout, VOCABULARY_NOTE } from "./layout.ts";
import { slimMetadata } from "./slim_metadata.ts";

/** What is known of a shard before it is opened; plain data. */
export interface ShardEntry {
  /** Its name within the atlas. */
  readonly name: string;
  /** Path or address. */
  readonly place: string;
  readonly bytes: number;
  readonly rows: number;
  /** What its bytes were when the atlas was opened. */
  readonly version?: string;
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
 * Opens a shard and the columns of these names.
 *
 * @throws RangeError where it is not what is known of it, and what the file system throws.
 */
export async function openShard(
  entry: ShardEntry,
  { layout, names, signal }: {
    readonly layout: AtlasLayout;
    readonly names: readonly string[];
    readonly signal?: AbortSignal;
  },
): Promise<Shard> {
  const bytes = await openBytes(entry.place, signal ? { signal } : {});
  try {
    if (bytes.size !== entry.bytes) {
      throw new RangeError(`it has ${bytes.size} of ${entry.bytes} bytes`);
    }
    checkVersion(entry, bytes);
    const table = await openTable(bytes), metadata = slimMetadata(table.metadata);
    checkNote(table, layout);
    const columns = await openColumns({ bytes, metadata }, names);
    for (const [i, { leaf }] of columns.entries()) {
      const lists = names[i] === GENES || names[i] === COUNTS ? 1 : 0;
      if (leaf.lists === lists) continue;
      throw new RangeError(`it has no column "${names[i]}"${lists ? " of lists" : ""}`);
    }
    return {
      entry,
      bytes,
      columns: new Map(columns.map((column, i) => [names[i], column])),
      starts: startsOf(metadata, entry),
    };
  } catch (cause) {
    await bytes.close();
    throw cause;
  }
}

/** Throws where the bytes are no longer those that the atlas was opened with. */
export function checkVersion({ version }: ShardEntry, bytes: ByteSource): void {
  if (version !== undefined && version !== bytes.version) {
    throw new RangeError("it changed while the atlas was read");
  }
}

/** Throws a RangeError where the footer claims what no shard of this layout has. */
export function checkChunks({ columns, starts, bytes }: Shard, layout: Layout): void {
  for (const [name, { table, leaf }] of columns) {
    for (let group = 0; group + 1 < starts.length; group++) {
      const { values, rows } = chunkOf(table.metadata, group, leaf, bytes.size);
      if (leaf.lists && values > rows * Math.max(1, layout.genes)) {
        throw new RangeError(`column "${name}" claims more values than cells have genes`);
      }
    }
  }
}

function checkNote({ metadata }: ParquetTable, { sha256 }: AtlasLayout): void {
  const note = metadata.key_value_metadata?.find(({ key }) => key === VOCABULARY_NOTE);
  if (note && note.value !== sha256) {
    throw new RangeError("it was written with another vocabulary");
  }
}

function startsOf({ row_groups }: ParquetTable["metadata"], { rows }: ShardEntry): Uint32Array {
  const sizes = row_groups.map(({ num_rows }) => Number(num_rows));
  const sum = sizes.reduce((sum, size) => sum + size, 0);
  if (sum !== rows || sizes.some((size) => size <= 0)) {
    throw new RangeError(`it holds ${sum} of ${rows} cells`);
  }
  const starts = new Uint32Array(sizes.length + 1);
  sizes.forEach((size, group) => starts[group + 1] = starts[group] + size);
  return starts;
}
