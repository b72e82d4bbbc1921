/**
 * An epoch of draws with replacement, every category of a column as often as any other.
 *
 * @module
 */

import { InputError } from "../../../core/errors.ts";
import { derive } from "../../../core/random.ts";
import type { ReadRequest } from "../../../core/source.ts";
import type { ReadPlan, Span, Window } from "../read_plan.ts";
import { orderBlocks, type Shape } from "./block_order.ts";
import { cutWindows } from "./cut_windows.ts";
import { shuffled } from "./shuffle.ts";
import { drawWeighed, weighCells } from "./weigh_cells.ts";

/**
 * As `planRead` where a column is balanced, whose codes have to be given. Numbers are ordered, cut
 * into windows and shared as if they were cells; those of a block are drawn together.
 */
export function planBalanced(
  { order, keep, share, balance }: Pick<ReadRequest, "order" | "keep" | "share" | "balance">,
  { block, window, codes }: Shape & { readonly codes: ArrayLike<number> | undefined },
): ReadPlan {
  if (order === "stored" || !codes) {
    throw new RangeError(
      `Cannot balance column "${balance}": that needs a random order and the codes of all cells`,
    );
  }
  const weighed = weighCells(codes, block, keep), key = order, cells = codes.length;
  if (weighed.cells === 0) {
    throw new InputError({
      message: `Cannot balance column "${balance}": no cell that is asked for has a category in it`,
    });
  }
  const draws = drawWeighed(weighed, key);
  const numbers = orderBlocks(weighed.cells, { order, ...(share && { share }) }, { block });
  const { blocks, ...windows } = cutWindows(numbers, { block, window });

  function drawWindow(index: number): Window {
    const { from, to } = blocks(index), size = windows.before(index + 1) - windows.before(index);
    const starts = new Map<number, number>(), spans: Span[] = [];
    // Cells of a block go to random places: else they would be neighbours in a batch.
    const picks = new Uint32Array(size), places = shuffled(size, derive(key, "cells", index));
    let start = 0, picked = 0;
    for (let place = from; place < to; place++) {
      const { from: first, to: end } = numbers.at(place), number = first / block;
      const drawn = draws.blockAt(number);
      const rows = { from: drawn * block, to: Math.min(cells, (drawn + 1) * block) };
      if (!starts.has(drawn)) {
        starts.set(drawn, start);
        spans.push(rows);
        start += rows.to - rows.from;
      }
      const chosen = draws.cellsAt(number, { rows, count: end - first });
      const at = starts.get(drawn)! - rows.from;
      for (const cell of chosen) picks[places[picked++]] = at + cell;
    }
    return { spans, picks };
  }
  return { ...windows, window: drawWindow };
}
