/**
 * The batches of a training, epoch by epoch, each time in another order.
 *
 * @module
 */

import type { CellBatch } from "../core/batch.ts";
import { derive, type Key } from "../core/random.ts";
import type { Source } from "../core/source.ts";
import type { Course } from "./course.ts";

/** One step's new cells. */
export interface Turn {
  readonly cells: CellBatch;
  /** Steps of this training before this one. */
  readonly step: number;
  /** Key of everything that this step draws. */
  readonly key: Key;
}

/** How the cells of a course are cut and ordered. */
export interface TurnOptions {
  readonly batch: number;
  readonly key: Key;
  /** Steps to leave out: they have been made. */
  readonly made: number;
}

/**
 * Reads the cells of a course on demand, in batches of `batch`, from any step on. A step of which no
 * cell could be read is not made, and counted all the same: every other step keeps its number.
 */
export async function* turns(
  source: Source,
  course: Course,
  { batch, key, made }: TurnOptions,
): AsyncGenerator<Turn> {
  const perEpoch = course.steps / course.epochs;
  let step = made;
  for (let epoch = Math.floor(made / perEpoch); epoch < course.epochs; epoch++) {
    const order = derive(key, "order", epoch), from = (step - epoch * perEpoch) * batch;
    const { keep, genes } = course;
    for await (const cells of source.read({ batch, order, keep, genes, from })) {
      if (cells.cells.length > 0) yield { cells, step, key: derive(key, "step", step) };
      step++;
    }
  }
}
