/**
 * Cells of an atlas in the order that a request asks for, read by as many as the memory allows.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import type { ReadRequest } from "../../core/source.ts";
import { planRead, type PlanShape } from "../reading/plan/plan_read.ts";
import { type CrewOptions, crewParts } from "../reading/pool/crew.ts";
import type { Parts, Reading } from "../reading/pool/parts.ts";
import { readHere } from "../reading/pool/read_here.ts";
import { shareMemory } from "../reading/pool/share_memory.ts";
import { startAt } from "../reading/read_plan.ts";
import { type CodeScan, columnOf, scanFor } from "../reading/scan_codes.ts";
import type { Damage, OnDamage } from "../reading/staging/reader_settings.ts";
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

/** Who reads, with how much, and what becomes of cells that cannot be read. */
export interface ReadingMeans {
  /** Workers that decode; 0 is this thread. */
  readonly workers: number;
  /** Bytes. */
  readonly memory: number;
  readonly onDamage: OnDamage;
  /** Hears of cells that were left out. */
  readonly onDamages: (damages: readonly Damage[]) => void;
  /** What workers run, and how long they may be silent; ours and a minute unless given. */
  readonly crew?: Omit<CrewOptions, "workers">;
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
export async function beginReading(
  atlas: KnownAtlas,
  request: ReadRequest,
  means: ReadingMeans,
): Promise<Parts> {
  const { manifest, layout, known, scan } = atlas, { batch, from = 0, genes } = request;
  checkRequest(atlas, request);
  const columns = [...new Set(request.columns)];
  for (const name of columns) columnOf(manifest.columns, name);
  const { keep, codes } = await scanFor(scan, manifest.columns, request);
  const shape = { ...shapeOf(atlas, request), codes };
  const plan = planRead(manifest.cells, { ...request, ...(keep && { keep }) }, shape);
  const short = layout.genes <= 2 ** 16;
  const { workers, memory } = shareMemory(means, {
    groups: known.sizes,
    window: Math.max(plan.most, request.window ?? shape.window, request.block ?? shape.block),
    batch: Math.min(batch, manifest.cells),
    columns,
    short,
  });
  const { shards } = known, { onDamage, onDamages } = means;
  const reading: Reading = {
    settings: { shards, layout, short, columns, genes, onDamage, batch, memory },
    plan,
    start: startAt(plan, from),
    onDamages,
    failure: (fault, place) => readingFailure(shards, fault, place),
  };
  return workers === 0 ? readHere(reading) : crewParts(reading, { ...means.crew, workers });
}

function checkRequest({ layout }: KnownAtlas, { batch, genes }: ReadRequest): void {
  if (!(Number.isInteger(batch) && batch > 0)) {
    throw new RangeError(`Cannot read batches of ${batch} cells: the size must be 1, 2, …`);
  }
  if (genes && genes.length !== layout.genes) {
    throw new RangeError(
      `Cannot read ${genes.length} genes: the vocabulary has ${layout.genes}`,
    );
  }
}

/** What is good for the atlas: row groups as they are where their cells are in no order. */
export function shapeOf({ manifest, known }: KnownAtlas, { order, batch }: ReadRequest): PlanShape {
  const group = known.sizes.cells.at(0) ?? GROUP_CELLS;
  // The order of the files is the same whatever the window: one that batches fit in.
  if (order === "stored") return { block: group, window: Math.max(STORED_WINDOW, batch) };
  const block = manifest.order === "as given" && known.paged ? BLOCK : group;
  return { block, window: Math.max(WINDOW, block) };
}
