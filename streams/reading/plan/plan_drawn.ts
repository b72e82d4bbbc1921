/**
 * An epoch of draws with replacement: cells by their weights, or every category as often as any other.
 *
 * @module
 */

import { InputError } from "../../../core/errors.ts";
import { derive, type Key } from "../../../core/random.ts";
import type { ReadRequest } from "../../../core/source.ts";
import type { ReadPlan, Span, Window } from "../read_plan.ts";
import { orderBlocks, type Shape } from "./block_order.ts";
import { cutWindows } from "./cut_windows.ts";
import { shuffled } from "./shuffle.ts";
import { balancedWeights, drawWeighed, weighCells } from "./weigh_cells.ts";

/** What a plan of draws is asked for. */
type Drawn = Pick<ReadRequest, "order" | "keep" | "share" | "balance" | "weigh">;

/**
 * As `planRead` for `cells` cells where a column is balanced, whose codes have to be given, or cells
 * are weighed. Draws are ordered, cut into windows and shared as if they were cells; those of a block
 * are drawn together.
 */
export function planDrawn(
  cells: number,
  request: Drawn,
  { block, window, codes }: Shape & { readonly codes?: ArrayLike<number> | undefined },
): ReadPlan {
  const { order, share } = request;
  if (order === "stored") {
    throw new RangeError("Cannot draw cells in stored order: that needs a random one");
  }
  const key: Key = order;
  const weighed = weighCells(cells, weightsOf(request, codes), block);
  if (weighed.cells === 0) {
    throw new InputError({
      message: request.balance === undefined
        ? "Cannot draw cells by their weights: no cell that is asked for has one"
        : `Cannot balance column "${request.balance}": no cell that is asked for has a category in it`,
    });
  }
  const draws = drawWeighed(weighed, key);
  const numbers = orderBlocks(weighed.cells, { order: key, ...(share && { share }) }, { block });
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

/** The weight of each cell that is kept. */
function weightsOf({ keep, balance, weigh }: Drawn, codes: ArrayLike<number> | undefined) {
  if (weigh !== undefined) {
    if (balance !== undefined) {
      throw new RangeError(`Cannot balance column "${balance}" and weigh cells too: ask for one`);
    }
    return (cell: number) => keep && !keep(cell) ? 0 : weigh(cell);
  }
  if (!codes) throw new RangeError(`Cannot balance column "${balance}" without its codes`);
  return balancedWeights(codes, keep);
}
