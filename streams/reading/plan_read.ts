/**
 * In which order cells are read: a value, made before anything is opened.
 *
 * Random order draws windows of blocks across the whole atlas and permutes the cells within a
 * window. Reading along the file through a shuffle buffer would be simpler, and would destroy
 * learning on atlases sorted by label.
 *
 * @module
 */

import { permutation } from "../../core/permutation.ts";
import { derive } from "../../core/random.ts";
import type { ReadRequest } from "../../core/source.ts";

/** Blocks in a window: what is held in memory at once. */
export const WINDOW = 16;

/** The blocks of each window, each block once: one by one as stored, or sixteen drawn at random. */
export function planWindows(
  blocks: number,
  order: ReadRequest["order"],
): readonly (readonly number[])[] {
  if (order === "stored") return Array.from({ length: blocks }, (_, block) => [block]);
  const drawn = permutation(blocks, derive(order, "blocks"));
  return Array.from({ length: Math.ceil(blocks / WINDOW) }, (_, window) => {
    const first = window * WINDOW, length = Math.min(WINDOW, blocks - first);
    return Array.from({ length }, (_, i) => drawn.at(first + i));
  });
}

/** The order of the `cells` cells of a window, its blocks end to end: position → cell. */
export function planCells(
  cells: number,
  order: ReadRequest["order"],
  window: number,
): (position: number) => number {
  return order === "stored"
    ? (position) => position
    : permutation(cells, derive(order, "cells", window)).at;
}
