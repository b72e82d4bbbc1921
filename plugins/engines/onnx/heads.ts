/**
 * From rows of a width to one matrix for each head of each cell, and back.
 *
 * @module
 */

import type { Traced } from "../../../streams/trace/traced.ts";
import type { Matrices } from "./matrices.ts";

/** Sizes of an attention. */
export interface HeadSizes {
  readonly cells: number;
  readonly length: number;
  readonly heads: number;
  /** Width of a head. */
  readonly head: number;
}

/** The ways between (cells × length) × (heads × head) and stacks of cells × heads matrices. */
export interface Heads {
  /** Matrices of length × head. */
  rows(x: Traced): Traced;
  /** Matrices of head × length. */
  columns(x: Traced): Traced;
  fromRows(x: Traced): Traced;
  fromColumns(x: Traced): Traced;
}

/** The ways for some sizes. */
export function headsOf(m: Matrices, { cells, length, heads, head }: HeadSizes): Heads {
  const apart = (x: Traced) => m.reshape(x, [cells, length, heads, head]);
  const together = (x: Traced) => m.reshape(x, [cells * length, heads * head]);
  return {
    rows: (x) => m.reshape(m.transpose(apart(x), [0, 2, 1, 3]), [cells * heads, length, head]),
    columns: (x) => m.reshape(m.transpose(apart(x), [0, 2, 3, 1]), [cells * heads, head, length]),
    fromRows: (x) =>
      together(m.transpose(m.reshape(x, [cells, heads, length, head]), [0, 2, 1, 3])),
    fromColumns: (x) =>
      together(m.transpose(m.reshape(x, [cells, heads, head, length]), [0, 3, 1, 2])),
  };
}
