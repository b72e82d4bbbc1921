/**
 * How the columns of an atlas lie in its files, and which way they are read.
 *
 * @module
 */

import { openBytes } from "../bytes/open_bytes.ts";
import { joinPlace } from "../bytes/place.ts";
import { chunkOf, isFast } from "../parquet/chunk.ts";
import { pageIndexOf } from "../parquet/page_index.ts";
import { openColumns, openTable } from "../parquet/table.ts";
import { indexOf, type TableColumn } from "../parquet/table_column.ts";
import { COUNTS, GENES } from "./layout.ts";
import type { Manifest } from "./manifest.ts";
import { shardRefusal } from "./open_shards.ts";

/** A column in all row groups together. */
export interface StoredColumn {
  readonly name: string;
  /** Compressed, page headers included. */
  readonly bytes: number;
  /** Pages that an offset index tells apart; a row group without one counts as one. */
  readonly pages: number;
  /** Row groups whose pages can be read one by one. */
  readonly indexed: number;
  /** Row groups that the decoder of this project reads; a slower one reads the others. */
  readonly fast: number;
  readonly rowGroups: number;
  readonly codecs: readonly string[];
  readonly encodings: readonly string[];
}

/**
 * Looks at the footers of all shards of the atlas at a place.
 *
 * @throws InputError that names the first shard that is damaged.
 */
export async function storedColumns(place: string, manifest: Manifest): Promise<StoredColumn[]> {
  const singles = [...manifest.columns.map(({ name }) => name), ...manifest.numbers];
  const sums = [GENES, COUNTS, ...singles].map(emptySum);
  for (const { file } of manifest.shards) {
    const bytes = await openBytes(joinPlace(place, file));
    try {
      const columns = await openColumns(await openTable(bytes), sums.map(({ name }) => name));
      columns.forEach((column, c) => addTo(sums[c], column));
    } catch (cause) {
      throw shardRefusal(`Cannot read atlas shard "${file}"`, cause);
    } finally {
      await bytes.close();
    }
  }
  return sums.map((sum) => ({
    ...sum,
    codecs: [...sum.codecs].sort(),
    encodings: [...sum.encodings].sort(),
  }));
}

function emptySum(name: string) {
  const codecs = new Set<string>(), encodings = new Set<string>();
  return { name, bytes: 0, pages: 0, indexed: 0, fast: 0, rowGroups: 0, codecs, encodings };
}

function addTo(sum: ReturnType<typeof emptySum>, column: TableColumn): void {
  for (let group = 0; group < column.groups; group++) {
    const chunk = chunkOf(column, group), index = indexOf(column, group);
    sum.rowGroups++;
    sum.bytes += chunk.bytes;
    sum.pages += index ? pageIndexOf(index, chunk).offsets.length : 1;
    if (index) sum.indexed++;
    if (isFast(chunk)) sum.fast++;
    sum.codecs.add(chunk.codec);
    for (const encoding of chunk.encodings) sum.encodings.add(encoding);
  }
}
