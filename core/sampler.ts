/**
 * Which of a cell's expressed genes a model reads.
 *
 * @module
 */

import type { Random } from "./random.ts";

/**
 * Chooses `chosen.length` different entries of a cell, in the order in which the model shall read
 * them, and writes their indices into `chosen`. Called only for cells with at least that many
 * entries: smaller cells are kept whole, in their stored order.
 *
 * @param genes Vocabulary ids of the cell's visible genes.
 * @param values Their transformed values, never zero.
 * @param random The cell's own stream: nothing else may be drawn from.
 * @param chosen Receives indices into `genes`, none twice.
 */
export type Sampler = (
  genes: Uint32Array,
  values: Float32Array,
  random: Random,
  chosen: Uint32Array,
) => void;
