/**
 * Reads the cells of a window into the staging area.
 *
 * @module
 */

import { isDamage } from "../../parquet/is_damage.ts";
import type { Span } from "../read_plan.ts";
import { decodePlace } from "./decode_place.ts";
import {
  cutIntoLoads,
  type Load,
  partsOf,
  type PlannedPlace,
  planPlace,
  rangesIn,
} from "./loads.ts";
import type { LoadMemory } from "./load_memory.ts";
import type { MakeCells } from "./make_cells.ts";
import { cutAtGroups, cutAtShards, type Place } from "./places.ts";
import { type Damage, faultOf, NOTE, type ReaderSettings } from "./reader_settings.ts";
import type { Shelf } from "./shelf.ts";
import { beginWindow, type Staging } from "./staging.ts";

/** What a reader works with. */
export interface Bench {
  readonly settings: ReaderSettings;
  readonly shelf: Shelf;
  /** First cell of each shard, then the cells in all. */
  readonly starts: Float64Array;
  readonly staging: Staging;
  readonly memory: LoadMemory;
  /** The code of a text in a column, for each of the columns. */
  readonly codes: readonly ((text: string) => number)[];
  readonly makeCells: MakeCells;
  /** See `NOTE`. */
  readonly note: Int32Array;
}

/**
 * Stages the cells of some spans, which ascend. Returns what could not be read and is left out.
 *
 * @throws whatever is thrown where a shard cannot be opened or read, or one is damaged that may not
 * be; the note says where.
 */
export async function stageWindow(bench: Bench, spans: readonly Span[]): Promise<Damage[]> {
  const { staging, memory } = bench, damages: Damage[] = [];
  beginWindow(staging, spans);
  const loads = cutIntoLoads(await plannedPlaces(bench, spans));
  let next = loads.next(), coming = next.done ? undefined : read(bench, next.value);
  try {
    while (!next.done) {
      const load = next.value, bytes = await coming!;
      next = loads.next();
      // The next load is on its way while this one is decoded.
      coming = next.done ? undefined : read(bench, next.value);
      await decodeLoad(bench, { load, bytes }, damages);
      memory.giveBack(bytes);
    }
  } finally {
    await coming?.catch(() => undefined);
  }
  return damages;
}

async function plannedPlaces(bench: Bench, spans: readonly Span[]): Promise<PlannedPlace[]> {
  const planned: PlannedPlace[] = [];
  for (const span of cutAtShards(spans, bench.starts)) {
    noteWhere(bench, span.shard, -1);
    const shard = await bench.shelf.shard(span.shard);
    for (const place of cutAtGroups(span, shard.starts)) planned.push(planPlace(shard, place));
  }
  return planned;
}

async function read(bench: Bench, { merged, places }: Load): Promise<Uint8Array> {
  const { shelf, memory } = bench, into = memory.take(merged.bytes);
  const done = await Promise.allSettled(merged.reads.map(async ({ shard, from, to, at }) => {
    const bytes = await shelf.bytes(shard);
    await bytes.read(into.subarray(at, at + to - from), from);
  }));
  // All have ended: none writes into memory that somebody else may have by now.
  const first = done.findIndex(({ status }) => status === "rejected"), failed = done[first];
  if (failed?.status !== "rejected") return into;
  const { shard } = merged.reads[first];
  noteWhere(bench, shard, places.find(({ place }) => place.shard === shard)!.place.group);
  throw failed.reason;
}

async function decodeLoad(
  bench: Bench,
  { load, bytes }: { readonly load: Load; readonly bytes: Uint8Array },
  damages: Damage[],
): Promise<void> {
  let first = 0;
  for (const planned of load.places) {
    const { place, pieces } = planned, { shard, group, from, to } = place;
    noteWhere(bench, shard, group);
    try {
      if (pieces instanceof Error) throw pieces;
      const parts = partsOf({ pieces }, load.merged, { memory: bytes, first });
      // Promises only where they are needed: a window has hundreds of places.
      const slow = decodePlace(bench, planned, { pieces, parts });
      if (slow) await slow;
    } catch (cause) {
      if (bench.settings.onDamage === "fail" || !isDamage(cause)) throw cause;
      leaveOut(bench.staging, place);
      damages.push({ shard, group, cells: to - from, fault: faultOf(cause) });
    }
    first += rangesIn(planned);
  }
}

/** Leaves the rows of a place without entries. */
function leaveOut({ offsets, lost }: Staging, { row, from, to }: Place): void {
  const end = row + to - from;
  offsets.fill(row === 0 ? 0 : offsets[row], row, end + 1);
  lost.fill(1, row, end);
}

function noteWhere({ note }: Bench, shard: number, group: number): void {
  note[NOTE.shard] = shard;
  note[NOTE.group] = group;
  Atomics.add(note, NOTE.beats, 1);
}
