/**
 * Where the rows of a window lie: in which row groups of which shards.
 *
 * @module
 */

import type { Span } from "../read_plan.ts";

/** Rows `from … to - 1` of a row group, which become rows of the window from `row` on. */
export interface Place {
  readonly shard: number;
  readonly group: number;
  readonly from: number;
  readonly to: number;
  readonly row: number;
}

/** Rows `from … to - 1` of a shard, which become rows of the window from `row` on. */
export type ShardSpan = Omit<Place, "group">;

/**
 * Cuts spans where shards end.
 *
 * @param starts First cell of each shard, then the cells in all.
 */
export function cutAtShards(spans: readonly Span[], starts: Float64Array): ShardSpan[] {
  const cut: ShardSpan[] = [];
  let row = 0;
  for (let { from, to } of spans) {
    while (from < to) {
      const shard = indexOf(starts, from), end = Math.min(to, starts[shard + 1]);
      cut.push({ shard, from: from - starts[shard], to: end - starts[shard], row });
      row += end - from;
      from = end;
    }
  }
  return cut;
}

/**
 * Cuts a span of a shard where row groups end.
 *
 * @param starts First cell of each row group of the shard, then the cells in all.
 */
export function cutAtGroups(span: ShardSpan, starts: Uint32Array): Place[] {
  const places: Place[] = [];
  let { from, row } = span;
  while (from < span.to) {
    const group = indexOf(starts, from), end = Math.min(span.to, starts[group + 1]);
    const first = starts[group];
    places.push({ shard: span.shard, group, from: from - first, to: end - first, row });
    row += end - from;
    from = end;
  }
  return places;
}

/** The last start that is not beyond `at`. */
function indexOf(starts: Float64Array | Uint32Array, at: number): number {
  let low = 0, high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle] <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
