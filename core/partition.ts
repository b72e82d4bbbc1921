/**
 * Which cells a stage learns from: a shuffled atlas, cut into the cells held out, the base stage's
 * share and equal parts for the other stages.
 *
 * @module
 */

import { HELD_OUT, type Partition, UNUSED } from "./curriculum.ts";
import type { Permutation } from "./permutation.ts";

/**
 * Cuts `count` things into a base part of `floor(count · baseShare)` and `parts` equal parts, of
 * which the first ones take what does not divide. Without other parts the base takes everything.
 *
 * @returns Sizes, base first: `parts + 1` integers that sum to `count`.
 */
export function deal(count: number, baseShare: number, parts: number): number[] {
  if (parts === 0) return [count];
  const base = Math.floor(count * baseShare), rest = count - base;
  const each = Math.floor(rest / parts), more = rest % parts;
  return [base, ...Array.from({ length: parts }, (_, i) => each + (i < more ? 1 : 0))];
}

/** How the cells of an atlas are dealt. */
export interface Deal {
  readonly cells: number;
  /** Gene sets: stages after the base stage. */
  readonly sets: number;
  /** Cells held out from training: a share of all cells when below 1, else their number. */
  readonly heldOut: number;
  /** Share of the training cells that the base stage gets; 0 folds that stage away. */
  readonly baseShare: number;
}

/** The number of cells held out, and of each stage, base first. */
export function dealCells(
  { cells, sets, heldOut, baseShare }: Deal,
): { readonly heldOut: number; readonly stages: readonly number[] } {
  const held = Math.min(cells, heldOut < 1 ? Math.floor(cells * heldOut) : heldOut);
  return { heldOut: held, stages: deal(cells - held, baseShare, sets) };
}

/**
 * Cuts a shuffle of the cells: first those held out, then the stages in order. Held-out cells thus
 * stay the same however many stages there are.
 */
export function partitionBy(
  order: Permutation,
  sizes: { readonly heldOut: number; readonly stages: readonly number[] },
): Partition {
  const parts = [HELD_OUT, ...sizes.stages.keys()];
  let end = 0;
  const ends = [sizes.heldOut, ...sizes.stages].map((size) => end += size);
  if (end !== order.size) {
    throw new RangeError(`Cannot cut ${order.size} cells: the parts have ${end}`);
  }
  return {
    part(cell) {
      const position = order.positionOf(cell);
      let i = 0;
      while (position >= ends[i]) i++;
      return parts[i];
    },
    size: (part) => part === HELD_OUT ? sizes.heldOut : sizes.stages[part] ?? 0,
  };
}

/**
 * The partition that gives cells away in grains of `grain` neighbours, the last one perhaps smaller,
 * each as `grains` has it.
 */
export function inGrains(
  grains: Partition,
  { cells, grain }: { readonly cells: number; readonly grain: number },
): Partition {
  const last = Math.ceil(cells / grain) - 1, missing = (last + 1) * grain - cells;
  return {
    part: (cell) => grains.part(Math.floor(cell / grain)),
    size: (part) => grains.size(part) * grain - (grains.part(last) === part ? missing : 0),
  };
}

/** The partition that lists the part of every cell; what is not named in `parts` is `UNUSED`. */
export function partitionOf(
  cells: number,
  parts: ReadonlyMap<number, readonly number[]>,
): Partition {
  const partOf = new Int32Array(cells).fill(UNUSED);
  let used = 0;
  for (const [part, rows] of parts) {
    for (const row of rows) partOf[row] = part;
    used += rows.length;
  }
  return {
    part: (cell) => partOf[cell],
    size: (part) => part === UNUSED ? cells - used : parts.get(part)?.length ?? 0,
  };
}
