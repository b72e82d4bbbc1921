/**
 * From tokens to what the model learns from: a masked batch and, perhaps, where it hears a teacher.
 *
 * @module
 */

import { map, type OperatorFunction } from "rxjs";
import type { Curriculum, Stage } from "../core/curriculum.ts";
import type { Distiller } from "../core/distiller.ts";
import type { TokenBatch } from "../core/tokens.ts";

/** One batch whose loss is part of a step. */
export interface Lesson {
  readonly tokens: TokenBatch;
  /** What the teacher sees, and 1 at the positions where it counts; absent without a teacher. */
  readonly lecture?: { readonly tokens: TokenBatch; readonly selected: Uint8Array };
}

/** Adds the teacher's lecture to the new batch; remembered batches, which follow it, get none. */
export function distil(
  distiller: Distiller | undefined,
  stage: Stage,
  curriculum: Curriculum,
): OperatorFunction<TokenBatch, Lesson> {
  return map((tokens, position) =>
    distiller === undefined || position > 0 ? { tokens } : {
      tokens,
      lecture: {
        tokens: distiller.teach(tokens, stage, curriculum),
        selected: distiller.select(tokens, stage, curriculum),
      },
    }
  );
}
