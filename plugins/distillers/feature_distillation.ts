import * as tf from "@tensorflow/tfjs";
import { Schema } from "effect";
import { maskedMeanSquare } from "../../core/model/composites/mod.ts";
import { distiller, setting } from "../../core/plugin.ts";
import { hideStageTokens } from "../../core/stage_tokens.ts";

/**
 * Feature distillation: the mean over cells of the mean squared difference between the cell's
 * embedding and the one that the previous model gives it. That model has never seen the stage's own
 * genes and is not shown them, unless asked.
 */
export const featureDistillation = distiller({
  id: "feature-distillation",
  purpose: "keeps cell embeddings near those of the model before",
  config: {
    weight: setting(
      Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)),
      5,
      "λ, by which the mean squared difference is multiplied",
    ),
    teacher: setting(
      Schema.Literals(["same", "without-stage-genes"]),
      "without-stage-genes",
      "what the teacher sees: the same tokens, or without the stage's own genes",
    ),
  },
  make: ({ weight, teacher }) => ({
    weight,
    teach: (tokens, stage, curriculum) =>
      teacher === "same" ? tokens : hideStageTokens(tokens, stage, curriculum),
    select(tokens) {
      const selected = new Uint8Array(tokens.genes.length);
      for (let p = 0; p < selected.length; p += tokens.length) selected[p] = 1; // the cell token
      return selected;
    },
    penalty(student, teacher, share) {
      const [, width] = student.cells.shape;
      const each = tf.div(tf.sum(share, 1, true), width);
      return maskedMeanSquare(
        student.cells,
        teacher.cells,
        tf.mul<tf.Tensor2D>(each, tf.onesLike(student.cells)),
      );
    },
  }),
});
