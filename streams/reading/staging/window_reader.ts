/**
 * Windows of an atlas as batches, in whichever thread this runs.
 *
 * @module
 */

import type { Window } from "../read_plan.ts";
import { batchBytes, batchIn, type BatchShape } from "./batch_buffer.ts";
import { codebook } from "./codebook.ts";
import { countEntries, fillBatch } from "./gather.ts";
import { type Lending, lending } from "./lending.ts";
import { loadMemory } from "./load_memory.ts";
import type { Damage, ReaderSettings } from "./reader_settings.ts";
import { shelfOf } from "./shelf.ts";
import { columnNames } from "./decode_place.ts";
import { sortSpans } from "./sort_spans.ts";
import { type Bench, stageWindow } from "./stage_window.ts";
import { freeStaging, makeStaging, reserveEntries } from "./staging.ts";

/** A window to read. */
export interface Task {
  readonly window: Window;
  /** Cells that complete the batch that was begun before it; 0 where it begins one. */
  readonly first: number;
}

/** Cells in a buffer: a batch, or a part of one where windows meet. */
export interface Part {
  readonly buffer: ArrayBuffer;
  readonly shape: BatchShape;
}

/** Reads one window after another. */
export interface WindowReader {
  /** The cells of a window; each part waits for memory, so buffers have to come back. */
  read(task: Task): AsyncGenerator<Part, readonly Damage[], undefined>;
  giveBack(buffer: ArrayBuffer): void;
  close(): Promise<void>;
}

/**
 * A reader that has opened nothing yet.
 *
 * @param note Where it notes what it is working on; see `NOTE`.
 */
export function windowReader(settings: ReaderSettings, note: Int32Array): WindowReader {
  const { shards, layout, columns, short } = settings;
  const allotment = { bytes: settings.memory.window, used: 0 };
  const lent = lending({ bytes: settings.memory.batches, used: 0 });
  const starts = new Float64Array(shards.length + 1);
  shards.forEach(({ rows }, shard) => starts[shard + 1] = starts[shard] + rows);
  const bench: Bench = {
    settings,
    shelf: shelfOf(shards, layout, columnNames(settings)),
    starts,
    staging: makeStaging(short ? "short" : "long", columns.length, allotment),
    memory: loadMemory(allotment),
    codes: columns.map((name) => codebook(layout.columns, name)),
    note,
  };
  let reading: Promise<void> = Promise.resolve();
  return {
    async *read({ window: planned, first }) {
      const window = sortSpans(planned);
      reserveEntries(bench.staging, settings.memory.entries);
      const staged = stageWindow(bench, window.spans);
      reading = staged.then(nothing, nothing);
      const damages = await staged;
      const picks = damages.length > 0 ? withoutLost(bench, window.picks) : window.picks;
      for (let from = 0, size = first || settings.batch; from < picks.length;) {
        const to = Math.min(picks.length, from + size);
        yield await gatherPart(bench, lent, picks.subarray(from, to));
        from = to;
        size = settings.batch;
      }
      return damages;
    },
    giveBack: lent.giveBack,
    async close() {
      await bench.shelf.close();
      await reading;
      lent.close();
      bench.memory.free();
      freeStaging(bench.staging);
    },
  };
}

const nothing = () => undefined;

async function gatherPart(bench: Bench, lent: Lending, picks: Uint32Array): Promise<Part> {
  const { columns } = bench.settings;
  const shape = { cells: picks.length, entries: countEntries(bench.staging, picks), columns };
  const buffer = await lent.take(batchBytes(shape));
  fillBatch(batchIn(buffer, shape), bench.staging, picks);
  return { buffer, shape };
}

/** The picks of cells that could be read. */
const withoutLost = ({ staging: { lost } }: Bench, picks: Uint32Array): Uint32Array =>
  picks.filter((row) => lost[row] === 0);
