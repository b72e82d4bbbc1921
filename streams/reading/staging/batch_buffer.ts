/**
 * A batch in one buffer, so that it is lent, transferred and given back in one piece.
 *
 * @module
 */

import type { CellBatch } from "../../../core/batch.ts";

/** How large a batch is. */
export interface BatchShape {
  readonly cells: number;
  readonly entries: number;
  /** Columns whose codes it carries. */
  readonly columns: readonly string[];
}

/** Bytes of a batch: every number in it takes four. */
export const batchBytes = ({ cells, entries, columns }: BatchShape): number =>
  4 * (2 * cells + 1 + columns.length * cells + 2 * entries);

/** The arrays of a batch within a buffer of at least `batchBytes`. */
export function batchIn(buffer: ArrayBuffer, { cells, entries, columns }: BatchShape): CellBatch {
  let at = 0;
  const next = (length: number) => {
    const from = at;
    at += 4 * length;
    return [buffer, from, length] as const;
  };
  return {
    offsets: new Uint32Array(...next(cells + 1)),
    cells: new Uint32Array(...next(cells)),
    obs: Object.fromEntries(columns.map((name) => [name, new Int32Array(...next(cells))])),
    genes: new Uint32Array(...next(entries)),
    values: new Float32Array(...next(entries)),
  };
}
