/**
 * The columns that describe the cells of foreign files, row group by row group.
 *
 * @module
 */

import type { ShardEntry } from "../atlas/shard.ts";
import { readSingles } from "../parquet/foreign/read_singles.ts";
import { columnIn } from "../parquet/table_column.ts";
import type { CodeReader } from "../reading/scan_codes.ts";
import { faultOf } from "../reading/staging/reader_settings.ts";
import { shelfOf } from "../reading/staging/shelf.ts";
import { codesOf } from "./categories.ts";
import type { ForeignLayout } from "./foreign_layout.ts";
import type { GroupReads } from "./group_reads.ts";
import { unreadable } from "./unreadable.ts";

/** The row groups of a file. */
export interface LabelledFile {
  readonly entry: ShardEntry;
  readonly groups: readonly GroupReads[];
}

/** Begins to read; the row groups of all files, end to end, are its blocks. */
export function labelReader(
  files: readonly LabelledFile[],
  { columns }: Pick<ForeignLayout, "columns">,
): CodeReader {
  const names = columns.map(({ name }) => name);
  const shelf = shelfOf(files.map(({ entry }) => entry), names);
  const codebooks = new Map(columns.map(({ name, categories }) => [
    name,
    new Map(categories.map((category, code) => [category, code])),
  ]));
  const places = files.flatMap(({ groups }, file) =>
    groups.map(({ cells }, group) => ({ file, group, rows: cells }))
  );
  return {
    async codes(block, asked) {
      const { file, ...at } = places[block], obs: [string, Int32Array][] = [];
      for (const name of asked) {
        try {
          const { columns } = await shelf.shard(file), bytes = await shelf.bytes(file);
          const column = columnIn(bytes, columns.get(name)!);
          const singles = await readSingles(column, at, () => shelf.slow(file));
          obs.push([name, codesOf(singles, codebooks.get(name)!)]);
        } catch (cause) {
          throw unreadable({ place: files[file].entry.place, group: at.group }, faultOf(cause));
        }
      }
      return Object.fromEntries(obs);
    },
    close: shelf.close,
  };
}
