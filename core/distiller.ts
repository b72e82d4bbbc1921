/**
 * The previous stage's model as a teacher.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import type { Prediction } from "./model/architecture.ts";
import type { Curriculum, Stage } from "./curriculum.ts";
import type { TokenBatch } from "./tokens.ts";

/** An extra loss that pulls the model towards the one of the stage before. */
export interface Distiller {
  /** λ, by which the penalty is multiplied. */
  readonly weight: number;
  /** The tokens as the teacher sees them. */
  teach(tokens: TokenBatch, stage: Stage, curriculum: Curriculum): TokenBatch;
  /** 1 at the positions that count, cells × positions. */
  select(tokens: TokenBatch, stage: Stage, curriculum: Curriculum): Uint8Array;
  /**
   * The penalty, a scalar: zero when student and teacher agree. `share` holds 1/n at the n selected
   * positions of the whole batch and 0 elsewhere, so that sums weighted by it are means.
   */
  penalty(student: Prediction, teacher: Prediction, share: tf.Tensor2D): tf.Scalar;
}
