/**
 * What is in a Parquet file that somebody else wrote, and how each of its columns would be read.
 *
 * @module
 */

import { Effect } from "effect";
import type { InputError } from "../../core/errors.ts";
import { wrap } from "../../core/report/wrap.ts";
import { bytesInWords, count, counted } from "../atlas/figures.ts";
import { attemptAsync } from "../attempt.ts";
import { openBytes } from "../bytes/open_bytes.ts";
import { shownPlace } from "../bytes/place.ts";
import { chunkOf } from "../parquet/chunk.ts";
import { isDamage } from "../parquet/is_damage.ts";
import { columnNames, leafOf } from "../parquet/leaf.ts";
import { openColumns, openTable, type ParquetTable } from "../parquet/table.ts";
import { type ReadingPath, readingPath } from "./map_large_groups.ts";
import { unreadable } from "./unreadable.ts";

/** A column of a file. */
export interface FileColumn {
  readonly name: string;
  readonly kind: "list" | "single" | "nested";
  /** How its values are stored; nothing where it holds other columns. */
  readonly type?: string;
  readonly codecs: readonly string[];
  /** Row groups by how they are read. */
  readonly paths: Readonly<Partial<Record<ReadingPath, number>>>;
}

/** A file, without a look at its cells. */
export interface FileDescription {
  readonly file: string;
  readonly rows: number;
  readonly rowGroups: number;
  readonly bytes: number;
  readonly columns: readonly FileColumn[];
}

/** Describes a file or what is at an address; only its footer and its offset indexes are read. */
export const describeFile = (file: string): Effect.Effect<FileDescription, InputError> =>
  attemptAsync(`Cannot read "${file}"`, async () => {
    const bytes = await openBytes(file);
    try {
      const table = await openTable(bytes), { rows, schema } = table.footer;
      const columns: FileColumn[] = [];
      for (const name of columnNames(schema)) columns.push(await columnOf(table, name));
      return {
        file,
        rows: rows.reduce((sum, size) => sum + size, 0),
        rowGroups: rows.length,
        bytes: bytes.size,
        columns,
      };
    } catch (cause) {
      if (!isDamage(cause)) throw cause;
      throw unreadable({ place: shownPlace(file) }, { name: cause.name, message: cause.message });
    } finally {
      await bytes.close();
    }
  });

async function columnOf(table: ParquetTable, name: string): Promise<FileColumn> {
  const leaf = leafOf(table.footer.schema, name);
  if (!leaf) return { name, kind: "nested", codecs: [], paths: {} };
  const [column] = await openColumns(table, [name]), codecs = new Set<string>();
  const paths: Partial<Record<ReadingPath, number>> = {};
  for (let group = 0; group < column.groups; group++) {
    const chunk = chunkOf(column, group), path = readingPath(column, group, chunk);
    codecs.add(chunk.codec);
    paths[path] = (paths[path] ?? 0) + 1;
  }
  const kind = leaf.lists ? "list" : "single";
  return { name, kind, type: leaf.meaning ?? leaf.type, codecs: [...codecs], paths };
}

const PATHS: Readonly<Record<ReadingPath, string>> = {
  index: "pages read alone, by an offset index",
  walk: "pages read alone, found by walking from one to the next when the file is opened",
  whole: "row groups read whole",
  slow: "read by parquet-wasm, several times slower",
};

/** A file as lines of at most `columns` characters where words allow it. */
export function fileInWords(description: FileDescription, columns: number): string[] {
  const { file, rows, rowGroups, bytes } = description;
  const facts = [
    ["rows", count(rows)],
    ["file", `${counted(rowGroups, "row group")}, ${bytesInWords(bytes)}`],
    ...description.columns.map((column) => [column.name, columnInWords(column)]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  return [
    file,
    ...facts.flatMap(([name, text]) => wrap(name.padEnd(width) + text, width, columns)),
  ];
}

function columnInWords({ kind, type, codecs, paths }: FileColumn): string {
  if (kind === "nested") return "holds other columns; it is not read";
  const ways = Object.entries(paths) as [ReadingPath, number][];
  const words = ways.map(([path, groups]) =>
    ways.length === 1 ? PATHS[path] : `${PATHS[path]} (${counted(groups, "row group")})`
  );
  const stored = [`${kind === "list" ? "lists of " : ""}${type}`, ...codecs].join(", ");
  return [stored, ...words].join("; ");
}
