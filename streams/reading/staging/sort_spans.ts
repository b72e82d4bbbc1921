/**
 * Windows in the order of the files.
 *
 * @module
 */

import type { Span, Window } from "../read_plan.ts";

/** The same cells in the same order, but spans that ascend, those made one that follow each other. */
export function sortSpans({ spans, picks }: Window): Window {
  const order = [...spans.keys()].sort((a, b) => spans[a].from - spans[b].from);
  const starts = new Uint32Array(spans.length), moved = new Uint32Array(spans.length);
  let place = 0, next = 0;
  spans.forEach(({ from, to }, i) => {
    starts[i] = place;
    place += to - from;
  });
  const sorted: Span[] = [];
  for (const i of order) {
    const { from, to } = spans[i], last = sorted.at(-1);
    moved[i] = next;
    next += to - from;
    if (last?.to === from) sorted[sorted.length - 1] = { from: last.from, to };
    else sorted.push(spans[i]);
  }
  const spanOf = new Uint32Array(place);
  spans.forEach(({ from, to }, i) => spanOf.fill(i, starts[i], starts[i] + to - from));
  return {
    spans: sorted,
    picks: picks.map((pick) => pick - starts[spanOf[pick]] + moved[spanOf[pick]]),
  };
}
