/**
 * Cells of earlier stages beside, or among, the new ones.
 *
 * @module
 */

import {
  concatMap,
  EMPTY,
  ignoreElements,
  map,
  type Observable,
  of,
  type OperatorFunction,
  tap,
} from "rxjs";
import { type CellBatch, concatCells } from "../core/batch.ts";
import type { Replay } from "../core/replay.ts";
import type { Course } from "./course.ts";

/**
 * Hands out remembered cells with each new batch.
 *
 * "beside" emits the new batch, then one of the same size, or of all there are, for every earlier gene
 * stage, so that each becomes a loss of its own (Eq. 9 of the paper). "concat" emits one batch: the new cells
 * and as many remembered ones as let every remembered cell come once in an epoch.
 *
 * @param step Steps of this training before this one.
 */
export function replayed(
  memory: Replay | undefined,
  { stage, steps, epochs }: Course,
  { step, batch }: { readonly step: number; readonly batch: number },
): OperatorFunction<CellBatch, CellBatch> {
  if (memory === undefined) return map((cells) => cells);
  const earlier: number[] = [];
  for (let k = 1; k < stage.index; k++) if (memory.size(k) > 0) earlier.push(k);

  if (memory.mode === "beside") {
    return concatMap((cells) =>
      of(
        cells,
        ...earlier.map((k) => {
          const count = Math.min(batch, memory.size(k));
          return memory.recall(k, step * count, count);
        }),
      )
    );
  }
  const perEpoch = steps / epochs;
  return map((cells) =>
    concatCells([
      cells,
      ...earlier.map((k) => {
        const size = memory.size(k), from = Math.floor(step * size / perEpoch);
        return memory.recall(k, from, Math.floor((step + 1) * size / perEpoch) - from);
      }),
    ])
  );
}

/** Offers every batch of a stage to the memory; emits nothing. */
export function remember(
  cells: Observable<CellBatch>,
  memory: Replay | undefined,
  stage: number,
): Observable<never> {
  if (memory === undefined || stage < 1) return EMPTY;
  return cells.pipe(tap((batch) => memory.remember(stage, batch)), ignoreElements());
}
