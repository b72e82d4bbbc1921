/**
 * Cells of an atlas in the order that a request asks for, read by as many as the memory allows.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import type { ReadRequest } from "../../core/source.ts";
import {
  beginReading as begin,
  type Readable,
  type ReadingMeans,
} from "../reading/begin_reading.ts";
import type { PlanShape } from "../reading/plan/plan_read.ts";
import type { Parts } from "../reading/pool/parts.ts";
import type { CodeScan } from "../reading/scan_codes.ts";
import { GROUP_CELLS } from "./cell_group.ts";
import type { KnownShards } from "./open_shards.ts";
import { readingFailure } from "./reading_failure.ts";
import type { Contents } from "./read_manifest.ts";
import type { AtlasLayout } from "./shard.ts";

/** An atlas of which the footers have been read. */
export interface KnownAtlas extends Contents {
  readonly layout: AtlasLayout;
  readonly known: KnownShards;
  readonly scan: CodeScan;
}

/** Below so many cells, starting a worker takes longer than reading. */
const SMALL = 50_000;

/** Workers that are good for an atlas on this machine. */
export const goodWorkers = (cells: number): number =>
  cells < SMALL ? 0 : Math.max(1, Math.min(2, availableParallelism() - 1));

/** Cells that are in memory together in a random order, and in the order of the files. */
const WINDOW = 8192, STORED_WINDOW = 4096;
/** Neighbours that are drawn together where neighbours are related, as they come from a study. */
const BLOCK = 64;

/**
 * Begins to read the cells that a request asks for.
 *
 * @throws InputError where it names what the atlas has not, or the memory is too little.
 */
export function beginReading(
  atlas: KnownAtlas,
  request: ReadRequest,
  means: ReadingMeans,
): Promise<Parts> {
  const { manifest: { cells, columns }, layout, known: { shards, sizes }, scan } = atlas;
  const { genes } = layout, short = genes <= 2 ** 16;
  const readable: Readable = {
    cells,
    genes,
    columns,
    files: { shards, layout, short },
    scan,
    shape: shapeOf(atlas, request),
    sizes: () => sizes,
    failure: (fault, place) => readingFailure(shards, fault, place),
  };
  return begin(readable, request, means);
}

/** What is good for the atlas: row groups as they are where their cells are in no order. */
export function shapeOf({ manifest, known }: KnownAtlas, { order, batch }: ReadRequest): PlanShape {
  const group = known.sizes.cells.at(0) ?? GROUP_CELLS;
  // The order of the files is the same whatever the window: one that batches fit in.
  if (order === "stored") return { block: group, window: Math.max(STORED_WINDOW, batch) };
  const block = manifest.order === "as given" && known.paged ? BLOCK : group;
  return { block, window: Math.max(WINDOW, block) };
}
