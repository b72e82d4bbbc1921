/**
 * In which order the blocks of an atlas come, and how many come together.
 *
 * @module
 */

import { permutation } from "../../../core/permutation.ts";
import { derive, type Key, stream } from "../../../core/random.ts";
import type { ReadRequest } from "../../../core/source.ts";
import type { Span } from "../read_plan.ts";

/** Cells that lie side by side and are drawn together, and cells that are in memory together. */
export interface Shape {
  readonly block: number;
  /** At least one block, else as many as fit. */
  readonly window: number;
}

/** Blocks of one share, by their place in its order. */
export interface BlockOrder {
  /** Blocks in all. */
  readonly blocks: number;
  /** Rows of the block at a place. */
  at(place: number): Span;
  /** Cells of the blocks before a place. */
  before(place: number): number;
}

/**
 * The blocks of `cells` cells: as stored, or permuted. The last block, which may be short, comes
 * anywhere in a random order; the others are drawn from the whole atlas by a keyed bijection. Shares
 * are equal to one block: where some have a block more than others, the short one is with them.
 *
 * @throws RangeError for a share that does not exist and blocks without cells.
 */
export function orderBlocks(
  cells: number,
  { order, share = { rank: 0, of: 1 } }: Pick<ReadRequest, "order" | "share">,
  { block }: Pick<Shape, "block">,
): BlockOrder {
  checkCount("blocks", block);
  const { rank, of } = share, all = Math.ceil(cells / block);
  checkCount("shares", of);
  if (!(Number.isInteger(rank) && rank >= 0 && rank < of)) {
    throw new RangeError(`Cannot read share ${rank}: there are shares 0 … ${of - 1}`);
  }
  const each = Math.floor(all / of), more = all % of;
  const first = rank * each + Math.max(0, rank - (of - more));
  const blocks = rank < of - more ? each : each + 1;
  const placed = more === 0 ? 0 : (of - more) * each, last = all - 1;
  const short = order === "stored" ? last : drawPlace({ from: placed, to: all }, order);
  const missing = all * block - cells;
  const drawn = order === "stored" ? undefined : permutation(last, derive(order, "blocks"));
  const blockAt = (place: number) =>
    !drawn ? place : place === short ? last : drawn.at(place < short ? place : place - 1);
  const cellsBefore = (place: number) => place * block - (place > short ? missing : 0);
  return {
    blocks,
    at(place) {
      const from = blockAt(first + place) * block;
      return { from, to: Math.min(cells, from + block) };
    },
    before: (place) => cellsBefore(first + place) - cellsBefore(first),
  };
}

/** Where the last block comes. */
function drawPlace({ from, to }: Span, order: Key): number {
  return to === from ? from : from + stream(derive(order, "last block")).below(to - from);
}

/** Throws unless `count` is 1, 2, …. */
export function checkCount(what: string, count: number): void {
  if (Number.isInteger(count) && count > 0) return;
  throw new RangeError(`Cannot read ${what} of ${count}: the number must be 1, 2, …`);
}
