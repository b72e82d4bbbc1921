/**
 * Cells left out of an order.
 *
 * @module
 */

import type { ReadPlan, Span, Window } from "../read_plan.ts";
import type { Windows } from "./cut_windows.ts";

/** An order of all cells: the spans of a window, and the places in them in their order. */
export interface WholeOrder extends Windows {
  spansOf(index: number): readonly Span[];
  picksOf(index: number): Uint32Array;
}

/** The order without the cells that `keep` refuses, nor the spans that hold no other. */
export function keepCells(whole: WholeOrder, keep: (cell: number) => boolean): ReadPlan {
  const before = [0];
  return {
    windows: whole.windows,
    most: whole.most,
    before(index) {
      while (before.length <= index) {
        const last = before.length - 1;
        before.push(before[last] + countKept(whole.spansOf(last), keep));
      }
      return before[index];
    },
    window: (index) =>
      keepPicks({ spans: whole.spansOf(index), picks: whole.picksOf(index) }, keep),
  };
}

/** Spans with those made one that follow each other: places within them stay what they are. */
export function joined(spans: readonly Span[]): Span[] {
  const runs: Span[] = [];
  for (const span of spans) {
    const last = runs.at(-1);
    if (last?.to === span.from) runs[runs.length - 1] = { from: last.from, to: span.to };
    else runs.push(span);
  }
  return runs;
}

function countKept(spans: readonly Span[], keep: (cell: number) => boolean): number {
  let kept = 0;
  for (const { from, to } of spans) {
    for (let cell = from; cell < to; cell++) if (keep(cell)) kept++;
  }
  return kept;
}

/** A window of which every cell is picked once, without some of them. */
function keepPicks({ spans, picks }: Window, keep: (cell: number) => boolean): Window {
  // Where each place is once the empty spans are gone; -1 for cells that do not come.
  const moved = new Int32Array(picks.length), left: Span[] = [];
  let place = 0, start = 0, kept = 0;
  for (const span of spans) {
    const before = kept;
    for (let cell = span.from; cell < span.to; cell++) {
      const comes = keep(cell);
      moved[place++] = comes ? start + cell - span.from : -1;
      if (comes) kept++;
    }
    if (kept === before) continue;
    left.push(span);
    start += span.to - span.from;
  }
  const chosen = new Uint32Array(kept);
  let next = 0;
  for (let i = 0; i < picks.length; i++) {
    if (moved[picks[i]] >= 0) chosen[next++] = moved[picks[i]];
  }
  return { spans: joined(left), picks: chosen };
}
