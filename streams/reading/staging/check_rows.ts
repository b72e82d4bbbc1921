/**
 * Whether what was decoded are cells, in loops that cost little beside decoding.
 *
 * @module
 */

import { cellFault } from "../../atlas/cell_fault.ts";
import type { Layout } from "../../atlas/layout.ts";
import { checkKernel } from "./check_kernel.ts";
import type { Staging } from "./staging.ts";

/** Rows that were read, and what was found when they were: counts of `Findings`, NaN where nobody looked. */
export interface ReadRows {
  readonly from: number;
  readonly to: number;
  /** Whether the values were stored as integers. */
  readonly whole: boolean;
  /** Genes that are not above the one before. */
  readonly falls: number;
  /** Values that are not above zero and finite. */
  readonly faults: number;
}

/** Throws a RangeError where one of the rows `from … to - 1` is no cell, and says why. */
export function checkRows(staging: Staging, rows: ReadRows, layout: Layout): void {
  const { from, to, whole, faults } = rows;
  const { offsets, others } = staging, counts = layout.values === "counts";
  for (let row = from; row <= to; row++) {
    if (others[row] !== offsets[row]) {
      throw new RangeError("a cell has not as many values as genes");
    }
  }
  const areGood = counts && whole && ascend(staging, rows, layout.genes) &&
    (Number.isNaN(faults) ? arePositive(staging, offsets[from], offsets[to]) : faults === 0);
  if (areGood) return;
  for (let row = from; row < to; row++) {
    const cell = { from: 0, to: offsets[row + 1] - offsets[row] };
    const genes = Uint32Array.from(staging.genes.subarray(offsets[row], offsets[row + 1]));
    const values = staging.values.subarray(offsets[row], offsets[row + 1]);
    const fault = cellFault({ genes, values }, cell, layout);
    if (fault) {
      throw new RangeError(`cell ${row - from} of those that were read is wrong: ${fault}`);
    }
  }
}

/** Whether the genes of each cell ascend and none is outside the vocabulary. */
function ascend(
  { offsets, genes }: Pick<Staging, "offsets" | "genes">,
  { from, to, falls }: ReadRows,
  size: number,
): boolean {
  const begin = offsets[from], end = offsets[to];
  if (end === begin) return true;
  const allowed = fallsBetween({ offsets, genes }, { from, to }, { first: 0, end: size });
  return (Number.isNaN(falls) ? countFalls(genes, begin + 1, end) : falls) === allowed;
}

/**
 * How often genes fall from one row to the next, which they may; NaN where the first of a row is below
 * `first`, or its last not below `end`: the smallest and the largest when nothing else falls.
 */
export function fallsBetween(
  { offsets, genes }: { readonly offsets: Uint32Array; readonly genes: ArrayLike<number> },
  rows: { readonly from: number; readonly to: number },
  { first, end }: { readonly first: number; readonly end: number },
): number {
  const begin = offsets[rows.from];
  let falls = 0, isInside = true;
  for (let row = rows.from, entry = begin; row < rows.to; row++) {
    const next = offsets[row + 1];
    if (next === entry) continue;
    if (entry > begin && genes[entry] <= genes[entry - 1]) falls++;
    isInside &&= genes[entry] >= first && genes[next - 1] < end;
    entry = next;
  }
  return isInside ? falls : NaN;
}

function countFalls(genes: Staging["genes"], from: number, to: number): number {
  const quick = checkKernel();
  if (quick && genes instanceof Uint16Array) return quick.countFalls(genes, from, to);
  let falls = 0;
  for (let e = from; e < to; e++) falls += genes[e] <= genes[e - 1] ? 1 : 0;
  return falls;
}

function arePositive({ values }: Staging, from: number, to: number): boolean {
  const quick = checkKernel();
  if (quick) return quick.arePositive(values, from, to);
  let positive = true;
  for (let e = from; e < to; e++) positive &&= values[e] > 0 && values[e] < Infinity;
  return positive;
}
