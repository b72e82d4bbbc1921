/**
 * Tokens of the genes that a stage brought, which the model of the stage before has never seen.
 *
 * @module
 */

import type { Curriculum, Stage } from "./curriculum.ts";
import type { TokenBatch } from "./tokens.ts";

/** 1 where a token is one of the stage's own genes, masked or not; cells × positions. */
export function stageTokens(tokens: TokenBatch, stage: Stage, curriculum: Curriculum): Uint8Array {
  const { rank } = curriculum, found = new Uint8Array(tokens.genes.length);
  // Special tokens lie behind the genes and have no rank: no comparison holds for them.
  for (let p = 0; p < found.length; p++) {
    const r = rank[tokens.genes[p]];
    if (r >= stage.from && r < stage.to) found[p] = 1;
  }
  return found;
}

/** The same tokens with the stage's own genes as padding, which no position attends to. */
export function hideStageTokens(
  tokens: TokenBatch,
  stage: Stage,
  curriculum: Curriculum,
): TokenBatch {
  const padding = stageTokens(tokens, stage, curriculum);
  for (let p = 0; p < padding.length; p++) padding[p] |= tokens.padding[p];
  return { ...tokens, padding };
}
