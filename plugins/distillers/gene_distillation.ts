import { maskedMeanSquare } from "../../core/model/composites/mod.ts";
import { distiller } from "../../core/plugin.ts";
import { stageTokens } from "../../core/stage_tokens.ts";
import { teachBy, teachingSettings } from "../../core/teaching.ts";

/**
 * Gene distillation (Gene incremental learning, AAAI 2026, Eq. 10): the mean squared difference to
 * the previous model's predictions, over all genes of the batch that are not the stage's own, masked
 * and unmasked. The teacher sees the same masked tokens.
 */
export const geneDistillation = distiller({
  id: "gene-distillation",
  purpose: "keeps predictions for all genes but the stage's own near those of the model before",
  config: teachingSettings("same"),
  make: ({ weight, teacher }) => ({
    weight,
    teach: teachBy(teacher),
    select(tokens, stage, curriculum) {
      const selected = stageTokens(tokens, stage, curriculum);
      for (let p = 0; p < selected.length; p++) selected[p] = 1 - (selected[p] | tokens.padding[p]);
      for (let p = 0; p < selected.length; p += tokens.length) selected[p] = 0; // the cell token
      return selected;
    },
    penalty: (student, teacher, share) => maskedMeanSquare(student.mlm, teacher.mlm, share),
  }),
});
