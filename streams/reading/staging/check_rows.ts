/**
 * Whether what was decoded are cells, in loops that cost little beside decoding.
 *
 * @module
 */

import { cellFault } from "../../atlas/cell_fault.ts";
import type { Layout } from "../../atlas/layout.ts";
import { type CheckKernel, openCheckKernel } from "./check_kernel.ts";
import type { Staging } from "./staging.ts";

let kernel: CheckKernel | undefined | "none";

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
  // Between two cells they may fall; the last gene of a cell is its largest when nothing else falls.
  let allowed = 0, signs = 0;
  for (let row = from, first = begin; row < to; row++) {
    const next = offsets[row + 1];
    if (next === first) continue;
    if (first > begin && genes[first] <= genes[first - 1]) allowed++;
    signs |= size - 1 - genes[next - 1];
    first = next;
  }
  const fallen = Number.isNaN(falls) ? countFalls(genes, begin + 1, end) : falls;
  return signs >= 0 && fallen === allowed;
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

/** The loops of this thread, made when they are first needed. */
function checkKernel(): CheckKernel | undefined {
  kernel ??= openCheckKernel() ?? "none";
  return kernel === "none" ? undefined : kernel;
}
