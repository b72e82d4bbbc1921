/**
 * From parts to batches of one size.
 *
 * Readers cut where batches end, so nearly every part is a batch and passes as it is; those that
 * straddle two windows are copied together. Cells that could not be read count as if they were there, so
 * that a batch lacks its own and no others. A part goes back before the next is asked for: a reader that
 * waits for its memory would wait forever.
 *
 * @module
 */

import { type CellBatch, concatCells } from "../../../core/batch.ts";
import type { LentPart, Parts } from "./parts.ts";

/** Batches, asked for one at a time. */
export interface Batches {
  /** The next batch; undefined at the end. */
  next(): Promise<LentPart | undefined>;
  /** Gives back the part that was begun. */
  close(): void;
}

/**
 * Batches of `batch` cells, the last perhaps smaller, less the cells of each that are lost. Parts with
 * lost cells lie within one batch.
 */
export function cutBatches(parts: Pick<Parts, "next">, batch: number): Batches {
  let part: LentPart | undefined, from = 0, held = 0, slices: CellBatch[] = [];

  function joined(): LentPart {
    const cells = concatCells(slices);
    if (slices.length > 1) slices.forEach(freeCells);
    slices = [];
    held = 0;
    return { cells, release: () => freeCells(cells) };
  }
  async function next(): Promise<LentPart | undefined> {
    for (;;) {
      if (part === undefined) {
        part = await parts.next();
        from = 0;
      }
      if (part === undefined) return held > 0 ? joined() : undefined;
      const size = part.cells.cells.length, { lost = 0 } = part, whole = part;
      if (held === 0 && from === 0 && size + lost === batch) {
        part = undefined;
        return whole;
      }
      const to = Math.min(size, from + batch - held);
      slices.push(sliceCells(part.cells, from, to));
      held += to - from;
      from = to;
      if (from === size) {
        held += lost;
        part.release();
        part = undefined;
      }
      if (held === batch) return joined();
    }
  }
  return { next, close: () => part?.release() };
}

/** A copy of cells `from … to - 1`. */
export function sliceCells(
  { cells, offsets, genes, values, obs }: CellBatch,
  from: number,
  to: number,
): CellBatch {
  const first = offsets[from], end = offsets[to];
  return {
    cells: cells.slice(from, to),
    offsets: offsets.slice(from, to + 1).map((offset) => offset - first),
    genes: genes.slice(first, end),
    values: values.slice(first, end),
    obs: Object.fromEntries(
      Object.entries(obs).map(([name, codes]) => [name, codes.slice(from, to)]),
    ),
  };
}

/** Frees the memory of a batch that nobody else has at once, not when garbage is collected. */
function freeCells({ cells, offsets, genes, values, obs }: CellBatch): void {
  for (const array of [cells, offsets, genes, values, ...Object.values(obs)]) {
    const buffer = array.buffer as ArrayBuffer;
    if (!buffer.detached) buffer.transfer(0);
  }
}
