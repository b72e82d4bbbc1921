/**
 * How many workers a number of bytes allows, and what each may hold: computed before anything is read.
 *
 * @module
 */

import { tooLittleMemory } from "../../parquet/is_damage.ts";
import { batchBytes } from "../staging/batch_buffer.ts";
import { LOAD_BYTES } from "../staging/loads.ts";
import type { ReaderMemory } from "../staging/reader_settings.ts";

/** Row groups as footers describe them. */
export interface GroupSizes {
  /** Cells of each. */
  readonly cells: Uint32Array;
  /** Entries of each. */
  readonly entries: Float64Array;
  /** Bytes of each in its file, those of the lists. */
  readonly bytes: Float64Array;
}

/** What is going to be read. */
export interface Demand {
  readonly groups: GroupSizes;
  /** Cells that are in memory together at most. */
  readonly window: number;
  readonly batch: number;
  readonly columns: readonly string[];
  /** Whether gene ids take two bytes instead of four. */
  readonly short: boolean;
  /** Bytes that parquet-wasm needs; see `slowDemand`. */
  readonly slow: number;
}

/** Who reads, and with how much. */
export interface Shares {
  readonly workers: number;
  readonly memory: ReaderMemory;
}

/** Bytes of a worker that does nothing, with what decoding makes and the garbage collector frees later. */
const WORKER = 60e6;
/** Bytes of the thread that parquet-wasm runs in; and what it reads is copied from its memory. */
const SLOW_THREAD = 48e6, COPIED = 0.25;
/** No memory of parquet-wasm can grow larger. */
const MOST_SLOW = 2 ** 32;
/** Bytes of joined batches and messages in this thread. */
const HERE = 8e6;
/** Bytes of batches that a worker makes ahead at most: more makes nothing quicker. */
const AHEAD = 4e6;
/** Cells of a window are some denser than their row groups are on average. */
const MARGIN = 1.125;

/**
 * Shares out `memory` bytes: as many workers as were asked for, or as many as there is memory for;
 * none is this thread alone.
 *
 * @throws Error of the name `TOO_LITTLE_MEMORY` where not even this thread can read in so little; it
 * names the least that would do.
 */
export function shareMemory(
  asked: { readonly memory: number; readonly workers: number },
  demand: Demand,
): Shares {
  const { entries, window, batch, decoding } = sizesOf(demand), { slow } = demand;
  const beside = slow > 0 ? slow * (1 + COPIED) + SLOW_THREAD : 0;
  const each = window + decoding + beside + 2 * batch;
  const bytes = (workers: number) =>
    HERE + 2 * batch + Math.max(1, workers) * each +
    workers * WORKER;
  let workers = asked.workers;
  while (workers > 0 && bytes(workers) > asked.memory) workers--;
  const left = asked.memory - bytes(workers);
  if (left < 0) throw tooLittle(asked.memory, bytes(0), demand);
  const more = left / Math.max(1, workers), batches = Math.max(2 * batch, Math.min(AHEAD, more));
  const spare = Math.max(0, more - batches), shared = slow > 0 ? spare / 2 : 0;
  return {
    workers,
    memory: {
      entries,
      batches: Math.floor(2 * batch + Math.min(more, batches)),
      // What batches do not need is left to what is larger than it should be: windows that are denser,
      // columns that parquet-wasm takes more for.
      window: Math.floor(window + spare - shared),
      slow: Math.floor(Math.min(slow + shared / (1 + COPIED), MOST_SLOW)),
    },
  };
}

/** Bytes of the largest window, of the largest batch, and of what decoding has in hand. */
function sizesOf({ groups, window, batch, columns, short }: Demand) {
  const { cells, entries: values, bytes } = groups;
  const densest = [...cells.keys()].sort((a, b) => values[b] / cells[b] - values[a] / cells[a]);
  let rows = 0, sum = 0, largest = 0, most = 0;
  for (const group of densest) {
    if (rows >= window) break;
    const taken = Math.min(cells[group], window - rows);
    rows += taken;
    sum += taken * values[group] / cells[group];
  }
  for (const group of densest) {
    largest = Math.max(largest, bytes[group]);
    most = Math.max(most, values[group]);
  }
  const entries = Math.ceil(sum * MARGIN), loads = 2 * (Math.max(LOAD_BYTES, largest) + 2 ** 20);
  const perCell = rows === 0 ? 0 : values[densest[0]] / cells[densest[0]];
  return {
    entries,
    window: entries * (short ? 6 : 8) + rows * (13 + 4 * columns.length) + 2 ** 16 + loads,
    batch: batchBytes({ cells: batch, entries: Math.ceil(batch * perCell * 1.5), columns }) +
      2 ** 17,
    // Levels, codes and values of a page, which may be a whole column of a row group.
    decoding: Math.min(most * 8, 64e6),
  };
}

function tooLittle(memory: number, least: number, { slow }: Demand): Error {
  const what = "the cells of a window and two batches of them";
  return tooLittleMemory(
    (slow > 0 ? `${what}, with parquet-wasm that reads them, take about ` : `${what} take about `) +
      `${Math.ceil(least / 1e6)} MB where ${Math.floor(memory / 1e6)} MB are allowed`,
  );
}
