/**
 * The order of an epoch, as a plan.
 *
 * Reading along the files through a shuffle buffer would be simpler, and would destroy learning on
 * atlases sorted by label. So a window is made of blocks from the whole atlas, and its cells are
 * permuted; every part is a function of (key, place), so that any window can be had alone.
 *
 * @module
 */

import { derive } from "../../../core/random.ts";
import type { ReadRequest } from "../../../core/source.ts";
import type { ReadPlan, Span } from "../read_plan.ts";
import { orderBlocks, type Shape } from "./block_order.ts";
import { cutWindows } from "./cut_windows.ts";
import { joined, keepCells } from "./keep_cells.ts";
import { planDrawn } from "./plan_drawn.ts";
import { shuffled } from "./shuffle.ts";

/** Which cells to read and in which order; what of them and in how large batches is no matter here. */
export type PlanRequest = Pick<
  ReadRequest,
  "order" | "keep" | "share" | "balance" | "weigh" | "block" | "window"
>;

/** What a source knows: the sizes that are good for it, and its codes where a request needs them. */
export interface PlanShape extends Shape {
  /** A code a cell in the column that the request balances, -1 where the cell has none. */
  readonly codes?: ArrayLike<number> | undefined;
}

/**
 * The order in which `cells` cells come. The key alone decides a random one: `keep` leaves cells out
 * of it and changes nothing else, and a share is a part of its blocks. A balanced or weighed order
 * draws, among the cells that are kept, as many as have a weight; its shares are parts of the draws.
 *
 * @throws InputError where no cell has a weight; RangeError for sizes below one, and odd weights.
 */
export function planRead(cells: number, request: PlanRequest, shape: PlanShape): ReadPlan {
  const { order, keep, block = shape.block, window = shape.window } = request;
  if (request.balance !== undefined || request.weigh !== undefined) {
    return planDrawn(cells, request, { block, window, codes: shape.codes });
  }
  const blocks = orderBlocks(cells, request, { block });
  const windows = cutWindows(blocks, { block, window });

  function spansOf(index: number): Span[] {
    const { from, to } = windows.blocks(index);
    return Array.from({ length: to - from }, (_, i) => blocks.at(from + i));
  }
  function picksOf(index: number): Uint32Array {
    const size = windows.before(index + 1) - windows.before(index);
    if (order !== "stored") return shuffled(size, derive(order, "cells", index));
    return Uint32Array.from({ length: size }, (_, place) => place);
  }

  if (keep) return keepCells({ ...windows, spansOf, picksOf }, keep);
  return {
    ...windows,
    window: (index) => ({ spans: joined(spansOf(index)), picks: picksOf(index) }),
  };
}
