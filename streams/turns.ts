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

/** Reads the cells of a course on demand, in batches of `batch`. */
export async function* turns(
  source: Source,
  course: Course,
  { batch, key }: { readonly batch: number; readonly key: Key },
): AsyncGenerator<Turn> {
  let step = 0;
  for (let epoch = 0; epoch < course.epochs; epoch++) {
    const order = derive(key, "order", epoch);
    for await (const cells of source.read({ batch, order, keep: course.keep })) {
      yield { cells, step, key: derive(key, "step", step) };
      step++;
    }
  }
}
