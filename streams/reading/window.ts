/**
 * The blocks that are in memory together, and the cells that are taken out of them.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import type { BlockReader, Entries } from "./blocks.ts";
import type { Span } from "./read_plan.ts";

/** A block in memory. */
interface LoadedBlock {
  /** Row of its first cell in the atlas. */
  readonly start: number;
  readonly obs: CellBatch["obs"];
  readonly entries: Entries;
}

/** A run of places in a window that lie in one block. */
export interface Run {
  /** Its first place. */
  readonly place: number;
  /** Row of that place within the block. */
  readonly row: number;
  readonly block: LoadedBlock;
}

/** Loads every block that the spans touch, once, and says where their places are. */
export async function loadRuns(
  reader: BlockReader,
  spans: readonly Span[],
  { starts, columns }: { readonly starts: ArrayLike<number>; readonly columns: readonly string[] },
): Promise<Run[]> {
  const loaded = new Map<number, LoadedBlock>(), runs: Run[] = [];
  let place = 0;
  for (const { from, to } of spans) {
    let number = lastAtMost(starts, from);
    for (let row = from; row < to; number++) {
      if (!loaded.has(number)) {
        const obs = columns.length > 0 ? await reader.codes(number, columns) : {};
        const entries = await reader.entries(number, loaded.size);
        loaded.set(number, { start: starts[number], obs, entries });
      }
      runs.push({ place, row: row - starts[number], block: loaded.get(number)! });
      const end = Math.min(to, starts[number + 1]);
      place += end - row;
      row = end;
    }
  }
  return runs;
}

/** Copies the cells at these places of a window into a batch of their own. */
export function gatherCells(
  runs: readonly Run[],
  picks: Uint32Array,
  columns: readonly string[],
): CellBatch {
  const size = picks.length, places = Float64Array.from(runs, ({ place }) => place);
  const found = Array.from(picks, (place) => runs[lastAtMost(places, place)]);
  const rows = picks.map((place, i) => found[i].row + place - found[i].place);
  const offsets = new Uint32Array(size + 1), cells = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    const { offsets: all } = found[i].block.entries;
    offsets[i + 1] = offsets[i] + all[rows[i] + 1] - all[rows[i]];
  }
  const genes = new Uint32Array(offsets[size]), values = new Float32Array(offsets[size]);
  const obs = Object.fromEntries(columns.map((name) => [name, new Int32Array(size)]));
  for (let i = 0; i < size; i++) {
    const { start, entries, obs: codes } = found[i].block;
    const first = entries.offsets[rows[i]], end = entries.offsets[rows[i] + 1];
    genes.set(entries.genes.subarray(first, end), offsets[i]);
    values.set(entries.values.subarray(first, end), offsets[i]);
    cells[i] = start + rows[i];
    for (const name of columns) obs[name][i] = codes[name][rows[i]];
  }
  return { cells, offsets, genes, values, obs };
}

/** The batch without the entries of genes that are not wanted. */
export function selectGenes(batch: CellBatch, wanted: Uint8Array): CellBatch {
  const { genes, values } = batch, offsets = new Uint32Array(batch.offsets.length);
  const left = new Uint32Array(genes.length), theirs = new Float32Array(genes.length);
  let entry = 0;
  for (let i = 0; i + 1 < offsets.length; i++) {
    for (let e = batch.offsets[i]; e < batch.offsets[i + 1]; e++) {
      if (wanted[genes[e]] === 0) continue;
      left[entry] = genes[e];
      theirs[entry++] = values[e];
    }
    offsets[i + 1] = entry;
  }
  return { ...batch, offsets, genes: left.slice(0, entry), values: theirs.slice(0, entry) };
}

/** The last index whose number is not above `value`; numbers ascend from at most `value`. */
function lastAtMost(numbers: ArrayLike<number>, value: number): number {
  let from = 0, to = numbers.length - 1;
  while (from < to) {
    const middle = (from + to + 1) >>> 1;
    if (numbers[middle] > value) to = middle - 1;
    else from = middle;
  }
  return from;
}
