/**
 * Cells in the order that a request asks for, read by as many as the memory allows: those of an atlas
 * and of foreign files.
 *
 * @module
 */

import type { Column, ReadRequest } from "../../core/source.ts";
import { planRead, type PlanShape } from "./plan/plan_read.ts";
import { crewParts } from "./pool/crew.ts";
import type { Parts, Reading } from "./pool/parts.ts";
import { readHere } from "./pool/read_here.ts";
import { slowDemand } from "./pool/slow_demand.ts";
import { type Demand, type GroupSizes, shareMemory, type Shares } from "./pool/share_memory.ts";
import type { WorkerPool } from "./pool/worker_pool.ts";
import { startAt } from "./read_plan.ts";
import { type CodeScan, columnOf, scanFor } from "./scan_codes.ts";
import { columnNames } from "./staging/decode_place.ts";
import {
  type Damage,
  faultOf,
  type OnDamage,
  type ReaderSettings,
} from "./staging/reader_settings.ts";

/** Opened files of cells. */
export interface Readable {
  readonly cells: number;
  /** Size of the vocabulary. */
  readonly genes: number;
  readonly columns: readonly Column[];
  readonly files: Pick<ReaderSettings, "shards" | "layout" | "short">;
  readonly scan: CodeScan;
  /** The sizes that are good for a request that names none. */
  readonly shape: PlanShape;
  /** The row groups, of which at most so many neighbours are read at once. */
  readonly sizes: (rows: number) => GroupSizes;
  readonly failure: Reading["failure"];
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
  /** Where workers come from and go back to. */
  readonly pool: WorkerPool;
  /** Milliseconds that they may be silent; see `CrewOptions`. */
  readonly patience?: number | undefined;
}

/**
 * Begins to read the cells that a request asks for.
 *
 * @throws InputError where it names what there is not, or the memory is too little.
 */
export async function beginReading(
  readable: Readable,
  request: ReadRequest,
  means: ReadingMeans,
): Promise<Parts> {
  const { cells, scan, files, failure } = readable, { batch, from = 0, genes } = request;
  checkRequest(readable, request);
  checkMeans(means);
  const columns = [...new Set(request.columns)];
  for (const name of columns) columnOf(readable.columns, name);
  const { keep, codes } = await scanFor(scan, readable.columns, request);
  const shape = { ...readable.shape, codes };
  const plan = planRead(cells, { ...request, ...(keep && { keep }) }, shape);
  const block = request.block ?? shape.block;
  const window = Math.max(plan.most, request.window ?? shape.window, block);
  const { workers, memory } = sharesOf(readable, means, {
    groups: readable.sizes(request.order === "stored" ? window : block),
    window,
    batch: Math.min(batch, cells),
    columns,
    short: files.short,
    slow: slowDemand({ ...files, names: columnNames({ ...files, columns }), rows: window }),
  });
  const { onDamage, onDamages, pool, patience } = means;
  // Where memory is too little for more workers, it is too little for others that wait, too.
  if (workers < means.workers) await pool.leave(workers);
  const reading: Reading = {
    settings: { ...files, columns, genes, onDamage, batch, memory },
    plan,
    start: startAt(plan, from),
    onDamages,
    failure,
  };
  return workers > 0 ? crewParts(reading, { workers, pool, patience }) : readHere(reading);
}

function sharesOf({ failure }: Readable, means: ReadingMeans, demand: Demand): Shares {
  try {
    return shareMemory(means, demand);
  } catch (cause) {
    throw failure(faultOf(cause), { shard: -1, group: -1 });
  }
}

function checkRequest({ genes: size }: Readable, { batch, from = 0, genes }: ReadRequest): void {
  if (!(Number.isInteger(batch) && batch > 0)) {
    throw new RangeError(`Cannot read batches of ${batch} cells: the size must be 1, 2, …`);
  }
  if (!(Number.isInteger(from) && from >= 0)) {
    throw new RangeError(`Cannot read from cell ${from} on: the first one is 0`);
  }
  if (genes && genes.length !== size) {
    throw new RangeError(`Cannot read ${genes.length} genes: the vocabulary has ${size}`);
  }
}

function checkMeans({ workers, memory }: ReadingMeans): void {
  if (!(Number.isInteger(workers) && workers >= 0)) {
    throw new RangeError(`Cannot read with ${workers} workers: the number must be 0, 1, 2, …`);
  }
  if (!(memory >= 0)) {
    throw new RangeError(`Cannot read with ${memory} bytes of memory: the number must be above 0`);
  }
}
