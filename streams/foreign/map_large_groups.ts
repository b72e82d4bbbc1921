/**
 * Maps of the pages of row groups that are too large to be read whole and have no offset index.
 *
 * @module
 */

import { type Chunk, chunkOf, isFast } from "../parquet/chunk.ts";
import { mapPages, mapSoundPages, noPages, type PageMap } from "../parquet/page_map.ts";
import { isDamage } from "../parquet/is_damage.ts";
import { FEW_ROWS, pagesOfChunk } from "../parquet/piece.ts";
import { type ColumnMap, mapOf, type TableColumn } from "../parquet/table_column.ts";
import type { OnDamage } from "../reading/staging/reader_settings.ts";

/** Bytes of a column in a row group that is read whole rather than looked through. */
const SMALL = 2 ** 22;

/**
 * What is known of a column, with a map where one is needed.
 *
 * @param onDamage Where pages are not what the footer says: "fail" throws a RangeError that names the row
 *   group, "skip" has the rows that cannot be found fail when they are read.
 */
export async function mapLargeGroups(column: TableColumn, onDamage: OnDamage): Promise<ColumnMap> {
  const map = onDamage === "fail" ? mapPages : mapSoundPages;
  const maps: (PageMap | undefined)[] = [];
  for (let group = 0; group < column.groups; group++) {
    const chunk = chunkOf(column, group);
    try {
      if (readingPath(column, group, chunk) === "walk") {
        maps[group] = await map(column.bytes, chunk);
      }
    } catch (cause) {
      if (!isDamage(cause)) throw cause;
      if (onDamage === "skip") {
        maps[group] = noPages(cause.message);
        continue;
      }
      throw new RangeError(
        `column "${column.leaf.path[0]}" of row group ${group}: ${cause.message}`,
      );
    }
  }
  return { ...mapOf(column), ...(maps.length > 0 && { maps }) };
}

/**
 * How a column is read in a row group: the pages that hold some rows, where an offset index or a walk
 * through the pages tells which; all of it; or slowly, by somebody else.
 */
export type ReadingPath = "index" | "walk" | "whole" | "slow";

/** The path that a chunk of a column takes. */
export function readingPath(column: TableColumn, group: number, chunk: Chunk): ReadingPath {
  if (!isFast(chunk)) return "slow";
  if (pagesOfChunk(column, group, chunk)) return "index";
  return chunk.unpacked > SMALL || chunk.rows > FEW_ROWS ? "walk" : "whole";
}
