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
import { cellMaker } from "./make_cells.ts";
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
  /** Cells that belong here and could not be read; with them it is as large as planned. */
  readonly lost: number;
}

/** Reads one window after another. */
export interface WindowReader {
  /**
   * The cells of a window, some parts at a time. It waits for memory, but never with a part in hand:
   * what is lent has to come back.
   */
  read(task: Task): AsyncGenerator<readonly Part[], readonly Damage[], undefined>;
  giveBack(buffer: ArrayBuffer): void;
  close(): Promise<void>;
}

/** How a reader works with whoever it reads for. */
export interface ReaderManners {
  /** Where it notes what it is working on; see `NOTE`. */
  readonly note: Int32Array;
  /** Bytes of parts that come at a time, where there is memory for them. */
  readonly together: number;
}

/** A reader that has opened nothing yet. */
export function windowReader(
  settings: ReaderSettings,
  { note, together }: ReaderManners,
): WindowReader {
  const { shards, layout, columns, short } = settings;
  const allotment = { bytes: settings.memory.window, used: 0 };
  const lent = lending({ bytes: settings.memory.batches, used: 0 });
  const starts = new Float64Array(shards.length + 1);
  shards.forEach(({ rows }, shard) => starts[shard + 1] = starts[shard] + rows);
  const bench: Bench = {
    settings,
    shelf: shelfOf(shards, columnNames(settings), settings.memory.slow),
    starts,
    staging: makeStaging(short ? "short" : "long", columns.length, allotment),
    memory: loadMemory(allotment),
    codes: columns.map((name) => codebook(layout.columns, name)),
    makeCells: cellMaker(layout),
    note,
  };
  let reading: Promise<void> = Promise.resolve();
  return {
    async *read({ window: planned, first }) {
      const window = sortSpans(planned);
      reserveEntries(bench.staging, settings.memory.entries);
      const staged = stageWindow(bench, window.spans);
      reading = staged.then(nothing, nothing);
      const damages = await staged, isWhole = damages.length === 0;
      const readable = (picks: Uint32Array) => isWhole ? picks : withoutLost(bench, picks);
      yield* gatherParts(bench, lent, { picks: window.picks, readable, first, together });
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

/**
 * Parts until they take `together` bytes, or until the next one would have to wait for memory. They are
 * cut where they are planned to be, whatever of them is readable: what is lost moves no other cell.
 */
async function* gatherParts(
  { settings: { columns, batch }, staging }: Bench,
  lent: Lending,
  { picks, readable, first, together }: {
    readonly picks: Uint32Array;
    readonly readable: (picks: Uint32Array) => Uint32Array;
    readonly first: number;
    readonly together: number;
  },
): AsyncGenerator<readonly Part[], void, undefined> {
  let parts: Part[] = [], held = 0;
  for (let from = 0, to = first || batch; from < picks.length;) {
    const planned = picks.subarray(from, to), some = readable(planned);
    const shape = { cells: some.length, entries: countEntries(staging, some), columns };
    const bytes = batchBytes(shape);
    const buffer = parts.length > 0 ? lent.takeNow(bytes) : await lent.take(bytes);
    if (buffer) {
      fillBatch(batchIn(buffer, shape), staging, some);
      parts.push({ buffer, shape, lost: planned.length - some.length });
      held += bytes;
      from = to;
      to += batch;
    }
    if (buffer && held < together && from < picks.length) continue;
    yield parts;
    parts = [];
    held = 0;
  }
}

/** The picks of cells that could be read. */
const withoutLost = ({ staging: { lost } }: Bench, picks: Uint32Array): Uint32Array =>
  picks.filter((row) => lost[row] === 0);
