/**
 * What distillers have in common: how much the teacher weighs and what it is shown.
 *
 * @module
 */

import { Schema } from "effect";
import type { Distiller } from "./distiller.ts";
import { setting } from "./plugin.ts";
import { hideStageTokens } from "./stage_tokens.ts";

/** What a teacher is shown: the same tokens, or without the genes that it has never seen. */
export type Shown = "same" | "without-stage-genes";

/** The settings `weight` and `teacher`; what the teacher is shown unless asked otherwise. */
export const teachingSettings = (shown: Shown) => ({
  weight: setting(
    Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)),
    5,
    "λ, by which the mean squared difference is multiplied",
  ),
  teacher: setting(
    Schema.Literals(["same", "without-stage-genes"]),
    shown,
    "what the teacher sees: the same tokens, or without the stage's own genes",
  ),
});

/** The tokens as such a teacher sees them. */
export const teachBy = (shown: Shown): Distiller["teach"] => (tokens, stage, curriculum) =>
  shown === "same" ? tokens : hideStageTokens(tokens, stage, curriculum);
