/**
 * How foreign files are read: what is drawn together, and what is in memory together.
 *
 * @module
 */

import type { ReadRequest } from "../../core/source.ts";
import type { Readable } from "../reading/begin_reading.ts";
import type { PlanShape } from "../reading/plan/plan_read.ts";
import type { CodeScan } from "../reading/scan_codes.ts";
import type { ForeignLayout } from "./foreign_layout.ts";
import { type GroupReads, sizesOf } from "./group_reads.ts";
import type { KnownFile } from "./know_file.ts";
import { unreadable } from "./unreadable.ts";

/** Neighbours that are drawn together at least, and cells that are in memory together at least. */
const BLOCK = 1024, WINDOW = 8192, STORED_WINDOW = 4096;
/** Blocks that are mixed, unless they are large: then as many as have about so many entries. */
const BLOCKS = 16, ENTRIES = 2 ** 23;

/** Opened foreign files. */
export interface KnownFiles {
  readonly files: readonly KnownFile[];
  readonly layout: ForeignLayout;
  readonly scan: CodeScan;
}

/** What a request reads from. */
export function readableFiles({ files, layout, scan }: KnownFiles, request: ReadRequest): Readable {
  const groups = files.flatMap(({ groups }) => groups), shards = files.map(({ entry }) => entry);
  return {
    cells: groups.reduce((sum, { cells }) => sum + cells, 0),
    genes: layout.vocabulary.symbols.length,
    columns: layout.columns,
    files: { shards, layout, short: layout.tokens.length <= 2 ** 16 },
    scan,
    shape: shapeOf(groups, request),
    sizes: (rows) => sizesOf(groups, rows),
    failure: (fault, { shard, group }) =>
      unreadable(
        shard < 0
          ? { place: shards[0].place }
          : { place: shards[shard].place, ...(group >= 0 && { group }) },
        fault,
      ),
  };
}

/** Blocks are what is read together anyway: a page or a row group, be it that of the largest. */
export function shapeOf(
  groups: readonly GroupReads[],
  { order, batch }: Pick<ReadRequest, "order" | "batch">,
): PlanShape {
  let together = 1, cells = 0, entries = 0;
  for (const group of groups) {
    together = Math.max(together, Math.min(group.cells, Math.max(BLOCK, group.together)));
    cells += group.cells;
    entries += group.entries;
  }
  if (order === "stored") return { block: together, window: Math.max(STORED_WINDOW, batch) };
  const most = Math.floor(ENTRIES * cells / Math.max(1, entries));
  return { block: together, window: Math.max(WINDOW, Math.min(BLOCKS * together, most)) };
}
