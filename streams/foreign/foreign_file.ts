/**
 * One foreign file, opened and held against the layout that it is said to have.
 *
 * @module
 */

import { suggest } from "../../core/nearest.ts";
import type { ByteSource } from "../bytes/byte_source.ts";
import { openBytes } from "../bytes/open_bytes.ts";
import { chunkOf, isFast } from "../parquet/chunk.ts";
import { openColumns, openTable, type ParquetTable, type TableColumn } from "../parquet/table.ts";
import type { ForeignBlock, ForeignFile } from "./foreign_layout.ts";

/** What is asked of a file: the columns of its lists, and of what describes cells. */
export interface ForeignColumns {
  readonly genes: string;
  readonly values: string;
  readonly columns: readonly string[];
}

/** An opened file; whoever opened it closes its bytes. */
export interface OpenedFile {
  readonly bytes: ByteSource;
  readonly table: ParquetTable;
  readonly genes: TableColumn;
  readonly values: TableColumn;
  readonly columns: ReadonlyMap<string, TableColumn>;
}

/** Cells in a block, where pages can be read alone. */
const BLOCK = 1024;
/** Entries of a block, and rows of a row group, at most: a window holds the entries of sixteen blocks. */
const MOST = 2 ** 25;

/** Opens a file and finds its columns; throws a RangeError where it has not all of them. */
export async function openForeignFile(
  place: string,
  { genes, values, columns }: ForeignColumns,
): Promise<OpenedFile> {
  const bytes = await openBytes(place);
  try {
    const table = await openTable(bytes), names = [genes, values, ...columns];
    const known = namesOf(table);
    for (const name of names) {
      if (known.includes(name)) continue;
      throw new RangeError(`it has no column "${name}"; ${suggest(name, known)}`);
    }
    const found = await openColumns(table, names);
    for (const [i, { leaf }] of found.entries()) {
      if (leaf.lists === (i < 2 ? 1 : 0)) continue;
      throw new RangeError(
        `column "${names[i]}" holds ${i < 2 ? "no lists; name a column of lists" : "lists"}`,
      );
    }
    const described = new Map(columns.map((name, i) => [name, found[2 + i]]));
    return { bytes, table, genes: found[0], values: found[1], columns: described };
  } catch (cause) {
    await bytes.close();
    throw cause;
  }
}

/** The blocks of a file; throws a RangeError where its footer claims what cannot be, or too much. */
export function surveyFile(
  place: string,
  { bytes, table, genes, values }: OpenedFile,
): ForeignFile {
  const blocks = table.metadata.row_groups.flatMap(({ num_rows }, group): ForeignBlock[] => {
    const rows = Number(num_rows);
    const chunks = [genes, values].map(({ leaf }) =>
      chunkOf(table.metadata, group, leaf, bytes.size)
    );
    const areSmall = [genes, values].every(({ indexes }, i) => indexes[group] && isFast(chunks[i]));
    const step = areSmall ? BLOCK : Math.max(1, rows);
    refuseLarge(group, rows, "rows");
    if (!areSmall) refuseLarge(group, Math.max(...chunks.map(({ values }) => values)), "entries");
    return Array.from({ length: Math.ceil(rows / step) }, (_, i) => ({
      group,
      from: i * step,
      to: Math.min(rows, (i + 1) * step),
    }));
  });
  return { place, version: bytes.version, blocks };
}

/** The columns of a table by name, those within others left out. */
function namesOf({ metadata: { schema } }: ParquetTable): string[] {
  const names: string[] = [];
  for (let at = 1; at < schema.length;) {
    names.push(schema[at].name);
    for (let open = 1; open > 0 && at < schema.length; at++) {
      open += Math.max(0, schema[at].num_children ?? 0) - 1;
    }
  }
  return names;
}

function refuseLarge(group: number, count: number, what: string): void {
  if (count <= MOST) return;
  throw new RangeError(
    `row group ${group} holds ${count} ${what}, too many to be held together; ` +
      `write the file again with row groups of about ${BLOCK} cells`,
  );
}
