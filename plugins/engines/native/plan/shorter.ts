/**
 * Plans for cells that are shorter than the rows that they stand in: padding at the end of a cell
 * need not be computed where it changes nothing.
 *
 * @module
 */

import type { Layout, Program } from "../../../../core/model/program.ts";
import { sizeOf } from "./axes.ts";
import { type Plan, planned } from "./plan.ts";

/** Lengths are multiples of it: sixteen or so to a row. */
const grainOf = (positions: number): number => 8 * Math.max(1, Math.round(positions / 128));

/** The least length with a plan that holds a cell of so many positions, of a row of `positions`. */
export function lengthFor(used: number, positions: number): number {
  const grain = grainOf(positions);
  return Math.min(positions, Math.ceil(used / grain) * grain);
}

/** The number of such lengths. */
export const lengthsIn = (positions: number): number => Math.ceil(positions / grainOf(positions));

/**
 * Positions of a cell up to the last that is not padding; all where there is nothing else, as then
 * padding does count.
 *
 * @param padding Of all cells, 1 at padding.
 */
export function usedOf(padding: ArrayLike<number>, cell: number, positions: number): number {
  const first = cell * positions;
  let end = first + positions;
  while (end > first && padding[end - 1] === 1) end--;
  return end === first ? positions : end - first;
}

/** A program with its plan. */
export interface Planned {
  readonly program: Program;
  readonly layout: Layout;
  readonly plan: Plan;
}

/**
 * The plan for a cell of `length` positions. Its ports are the first part of those of the whole
 * plan, and what leaves it lies where the whole plan leaves it.
 *
 * @throws RangeError when the program is another one at that length.
 */
export function shorterPlan({ program, layout, plan }: Planned, length: number): Plan {
  const wholes = new Map(plan.sites.map(({ index, site }) => [index, site.shape]));
  const shorter = planned(program.each!(length), layout, { wholes, precision: plan.precision }),
    { ports, summed } = shorter;
  const fits = ports.length === plan.ports.length &&
    ports.every(({ role, type, shape }, i) => {
      const whole = plan.ports[i];
      return role.is === whole.role.is && type === whole.type && isFirstOf(shape, whole.shape);
    }) &&
    summed.length === plan.summed.length &&
    summed.every(({ from }, i) => from === plan.summed[i].from);
  if (fits) return { ...plan, ...shorter };
  throw new RangeError(
    `Cannot plan program "${program.name}" for ${length} positions: it is another program then`,
  );
}

/** Whether a tensor of this shape is the first part of one of that shape. */
function isFirstOf(shape: readonly number[], whole: readonly number[]): boolean {
  const axis = shape.findIndex((length, axis) => length !== whole[axis]);
  return shape.length === whole.length &&
    (axis < 0 || sizeOf(whole.slice(0, axis)) === 1 &&
        shape.slice(axis + 1).every((length, i) => length === whole[axis + 1 + i]));
}
