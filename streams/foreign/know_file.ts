/**
 * What there is to know of a foreign file before a cell is read, held against what it is said to be.
 *
 * @module
 */

import { suggest } from "../../core/nearest.ts";
import type { ShardEntry } from "../atlas/shard.ts";
import type { ByteSource } from "../bytes/byte_source.ts";
import { openBytes } from "../bytes/open_bytes.ts";
import { mostIn } from "../parquet/chunk.ts";
import { readSingles, type Singles } from "../parquet/foreign/read_singles.ts";
import { isDamage } from "../parquet/is_damage.ts";
import { columnNames } from "../parquet/leaf.ts";
import { type SlowReader, slowReader } from "../parquet/slow_column.ts";
import { openColumns, openTable, type ParquetTable, type TableColumn } from "../parquet/table.ts";
import { columnIn } from "../parquet/table_column.ts";
import type { OnDamage } from "../reading/staging/reader_settings.ts";
import { type GroupReads, groupReads } from "./group_reads.ts";
import { mapLargeGroups } from "./map_large_groups.ts";

/** What is asked of a file: the columns of its lists, and of what describes cells. */
export interface ForeignColumns {
  readonly genes: string;
  readonly values: string;
  readonly columns: readonly string[];
}

/** A foreign file of which the footer has been read. */
export interface KnownFile {
  readonly entry: ShardEntry;
  readonly groups: readonly GroupReads[];
}

/** What is said of a file, and who hears what its columns hold. */
export interface FileExpectation extends ForeignColumns {
  /** The last token of the vocabulary. */
  readonly last: number;
  readonly onSingles: (column: string, singles: Singles) => void;
  /** "skip": what cannot be read of the file is left to fail when its cells are read. */
  readonly onDamage: OnDamage;
}

/**
 * Reads the footer, walks the pages of row groups that are too large to be read whole, and scans the
 * columns that describe cells; the file does not stay open.
 *
 * @throws RangeError where it is not what it is said to be, and what the file system throws.
 */
export async function knowFile(place: string, asked: FileExpectation): Promise<KnownFile> {
  const bytes = await openBytes(place);
  try {
    const columns = await columnsOf(bytes, asked), [genes] = columns, singles = columns.slice(2);
    for (let group = 0; group < genes.groups; group++) checkTokens(genes, group, asked.last);
    const maps = await Promise.all(columns.map((column) => mapLargeGroups(column, asked.onDamage)));
    const groups = groupReads(columnIn(bytes, maps[0]), columnIn(bytes, maps[1]));
    await scan(bytes, singles, { ...asked, groups });
    const rows = groups.reduce((sum, { cells }) => sum + cells, 0);
    const { version, size } = bytes;
    return { entry: { name: place, place, bytes: size, rows, version, columns: maps }, groups };
  } finally {
    await bytes.close();
  }
}

/** Why a file without a row is refused. */
export const NO_ROWS = "it has no rows, and rows are cells; leave it out, or name another file";

/** The columns of the lists, then those that describe cells. */
async function columnsOf(bytes: ByteSource, asked: ForeignColumns): Promise<TableColumn[]> {
  const table = await openTable(bytes);
  try {
    return await fittingColumns(table, asked);
  } catch (cause) {
    // Tools that learn the types of columns from rows write others where there are none.
    const isEmpty = isDamage(cause) && table.footer.rows.every((rows) => rows === 0);
    throw isEmpty ? new RangeError(NO_ROWS) : cause;
  }
}

async function fittingColumns(table: ParquetTable, asked: ForeignColumns): Promise<TableColumn[]> {
  const known = columnNames(table.footer.schema);
  const names = [asked.genes, asked.values, ...asked.columns];
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new RangeError(`it has no column "${name}"; ${suggest(name, known)}`);
  }
  const columns = await openColumns(table, names);
  for (const [i, { leaf }] of columns.entries()) {
    const isList = i < 2;
    if (leaf.lists !== (isList ? 1 : 0)) {
      throw new RangeError(
        `column "${names[i]}" holds ${isList ? "no lists; name a column of lists" : "lists"}`,
      );
    }
    if (leaf.meaning) {
      throw new RangeError(
        `column "${names[i]}" holds ${leaf.meaning}; ` +
          (isList
            ? "lists hold integers or floats"
            : "labels are texts or integers: write it as texts, or leave it out"),
      );
    }
  }
  return columns;
}

/** Throws a RangeError where the footer names a token past the last of the vocabulary. */
function checkTokens(genes: TableColumn, group: number, last: number): void {
  // Statistics are hints: where there are none, or none of numbers, reading will tell.
  const most = mostIn(genes, group);
  if (!(most > last)) return;
  throw new RangeError(
    `row group ${group} has the token ${most}, and the last of the vocabulary is ${last}; ` +
      "name the vocabulary that the file was written with",
  );
}

async function scan(
  bytes: ByteSource,
  columns: readonly TableColumn[],
  { groups, onSingles, onDamage }:
    & Pick<KnownFile, "groups">
    & Pick<FileExpectation, "onSingles" | "onDamage">,
): Promise<void> {
  let slow: SlowReader | undefined;
  try {
    for (const column of columns) {
      for (const [group, { cells }] of groups.entries()) {
        const rows = { group, rows: cells };
        let singles: Singles;
        try {
          singles = await readSingles(
            column,
            rows,
            () => Promise.resolve(slow ??= slowReader(bytes)),
          );
        } catch (cause) {
          if (onDamage === "skip" && isDamage(cause)) continue;
          throw cause;
        }
        onSingles(column.leaf.path[0], singles);
      }
    }
  } finally {
    slow?.close();
  }
}
