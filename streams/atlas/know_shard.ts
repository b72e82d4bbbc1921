/**
 * What there is to know of a shard before a cell is read, held against what it should be.
 *
 * @module
 */

import type { ByteSource } from "../bytes/byte_source.ts";
import { openBytes } from "../bytes/open_bytes.ts";
import { chunkOf } from "../parquet/chunk.ts";
import { CHUNK } from "../parquet/chunk_map.ts";
import { openColumns, openTable, type ParquetTable } from "../parquet/table.ts";
import { mapOf, type TableColumn } from "../parquet/table_column.ts";
import type { GroupSizes } from "../reading/pool/share_memory.ts";
import { COUNTS, GENES, VOCABULARY_NOTE } from "./layout.ts";
import type { AtlasLayout, ShardEntry, ShardFile } from "./shard.ts";

/** A shard of which the footer has been read. */
export interface KnownShard {
  readonly entry: ShardEntry;
  readonly sizes: GroupSizes;
  /** Whether a few cells of a row group can be read without the others. */
  readonly paged: boolean;
}

/**
 * Reads the footer of a shard and the offset indexes of all its columns; the file does not stay open.
 *
 * @throws RangeError where it is not what the manifest says, and what the file system throws.
 */
export async function knowShard(file: ShardFile, layout: AtlasLayout): Promise<KnownShard> {
  const bytes = await openBytes(file.place);
  try {
    if (bytes.size !== file.bytes) {
      throw new RangeError(`it has ${bytes.size} of ${file.bytes} bytes`);
    }
    return await known(file, layout, bytes);
  } finally {
    await bytes.close();
  }
}

async function known(
  file: ShardFile,
  layout: AtlasLayout,
  bytes: ByteSource,
): Promise<KnownShard> {
  const table = await openTable(bytes), singles = layout.columns.map(({ name }) => name);
  checkNote(table, layout);
  const names = [GENES, COUNTS, ...singles, ...layout.numbers];
  const columns = await openColumns(table, names), [genes, counts] = columns;
  for (const [i, { leaf }] of columns.entries()) {
    const lists = i < 2 ? 1 : 0;
    if (leaf.lists === lists) continue;
    throw new RangeError(`it has no column "${names[i]}"${lists ? " of lists" : ""}`);
  }
  checkRows(table, file);
  // What is claimed of the other columns is looked at when they are read.
  const sizes = sizesOf(genes, counts, Math.max(1, layout.genes));
  return {
    entry: {
      ...file,
      version: bytes.version,
      columns: columns.map(mapOf),
    },
    sizes,
    paged: isPaged(genes) && isPaged(counts),
  };
}

function checkNote({ footer }: ParquetTable, { sha256 }: AtlasLayout): void {
  const note = footer.notes.get(VOCABULARY_NOTE);
  if (note !== undefined && note !== sha256) {
    throw new RangeError("it was written with another vocabulary");
  }
}

function checkRows({ footer }: ParquetTable, { rows }: ShardFile): void {
  const sum = footer.rows.reduce((sum, size) => sum + size, 0);
  if (sum !== rows || footer.rows.some((size) => size <= 0)) {
    throw new RangeError(`it holds ${sum} of ${rows} cells`);
  }
}

/** The sizes of all row groups; a RangeError where cells would have more than `most` entries. */
function sizesOf(genes: TableColumn, counts: TableColumn, most: number): GroupSizes {
  const sizes = {
    cells: new Uint32Array(genes.groups),
    entries: new Float64Array(genes.groups),
    bytes: new Float64Array(genes.groups),
  };
  for (let group = 0; group < genes.groups; group++) {
    const ids = chunkOf(genes, group), values = chunkOf(counts, group);
    for (const { leaf, values: entries, rows } of [ids, values]) {
      if (entries <= rows * most) continue;
      throw new RangeError(`column "${leaf.path[0]}" claims more values than cells have genes`);
    }
    sizes.cells[group] = ids.rows;
    sizes.entries[group] = Math.max(ids.values, values.values);
    sizes.bytes[group] = ids.bytes + values.bytes;
  }
  return sizes;
}

function isPaged({ groups, chunks, indexes }: TableColumn): boolean {
  for (let group = 0; group < groups; group++) {
    if (Number.isNaN(chunks[group * CHUNK.length + CHUNK.index])) return false;
  }
  return indexes !== undefined;
}
