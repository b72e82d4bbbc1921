/**
 * The plans of a program by the length of cells, each made when a cell first needs it.
 *
 * @module
 */

import type { Arrays } from "../../../core/model/program.ts";
import type { Library } from "./library.ts";
import { type Placed, placed, placedBytes } from "./placed.ts";
import type { Plan } from "./plan/plan.ts";
import { lengthFor, lengthsIn, type Planned, shorterPlan, usedOf } from "./plan/shorter.ts";

/** Plans for the cells of a batch. */
export interface Plans {
  /** The length that each cell of the batch at hand is run at, in positions; 1 for all alike. */
  readonly lengths: Uint32Array;
  /** Makes a batch the one at hand, and the plans that it needs. */
  put(feeds: Arrays): void;
  /** The plan of a cell of the batch at hand. */
  of(cell: number): Placed;
  /** Bytes of an arena that is large enough for all plans. */
  arena(): number;
  detach(): void;
  free(): void;
}

/** Bytes that the plans of a program take at most. */
export const plansBytes = (plan: Plan): number =>
  placedBytes(plan) * (plan.positions === undefined ? 1 : lengthsIn(plan.positions));

/** Plans with only that of full length made. */
export function plansOf(library: Library, planned: Planned): Plans {
  const { program: { padding }, plan: whole } = planned, { cells, positions = 1 } = whole;
  const made = new Map([[positions, placed(library, whole)]]);
  const lengths = new Uint32Array(cells).fill(positions);
  return {
    lengths,
    put(feeds) {
      if (whole.positions === undefined || padding === undefined) return;
      for (let cell = 0; cell < cells; cell++) {
        const length = lengthFor(usedOf(feeds[padding], cell, positions), positions);
        lengths[cell] = length;
        if (!made.has(length)) made.set(length, placed(library, shorterPlan(planned, length)));
      }
    },
    of: (cell) => made.get(lengths[cell])!,
    arena: () => Math.max(...[...made.values()].map(({ plan }) => plan.arena)),
    detach: () => made.forEach(({ block }) => block.detach()),
    free: () => made.forEach(({ block }) => block.free()),
  };
}
