import * as tf from "@tensorflow/tfjs";
import { maskedMeanSquare } from "../../core/model/composites/mod.ts";
import { distiller } from "../../core/plugin.ts";
import { teachBy, teachingSettings } from "../../core/teaching.ts";

/**
 * Feature distillation: the mean over cells of the mean squared difference between the cell's
 * embedding and the one that the previous model gives it. That model has never seen the stage's own
 * genes and is not shown them, unless asked.
 */
export const featureDistillation = distiller({
  id: "feature-distillation",
  purpose: "keeps cell embeddings near those of the model before",
  config: teachingSettings("without-stage-genes"),
  make: ({ weight, teacher }) => ({
    weight,
    teach: teachBy(teacher),
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
