/**
 * Blocks put together to windows, in their order.
 *
 * @module
 */

import type { ReadPlan, Span } from "../read_plan.ts";
import { type BlockOrder, checkCount, type Shape } from "./block_order.ts";

/** Windows without what is in them. */
export interface Windows extends Pick<ReadPlan, "windows" | "most" | "before"> {
  /** Places of a window's blocks in their order. */
  blocks(index: number): Span;
}

/** Cuts an order of blocks into windows of as many whole blocks as fit, at least one. */
export function cutWindows(order: BlockOrder, { block, window }: Shape): Windows {
  checkCount("windows", window);
  const together = Math.max(1, Math.floor(window / block));
  return {
    windows: Math.ceil(order.blocks / together),
    most: together * block,
    before: (index) => order.before(Math.min(order.blocks, index * together)),
    blocks: (index) => ({
      from: index * together,
      to: Math.min(order.blocks, (index + 1) * together),
    }),
  };
}
