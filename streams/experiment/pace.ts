/**
 * How fast a model is, measured before a run starts.
 *
 * @module
 */

import type { Shape } from "../../core/model/architecture.ts";
import type { Key } from "../../core/random.ts";
import { clsId, type TokenBatch } from "../../core/tokens.ts";
import type { Model } from "../learner.ts";
import { clock } from "../console/terminal.ts";

/** Seconds for a cell. */
export interface Pace {
  readonly learn: number;
  readonly predict: number;
}

const KEY: Key = [0, 0];

/** Makes a step and a prediction of `cells` cells with a model that is of no other use, and closes it. */
export async function paceOf(model: Model, cells: number, shape: Shape): Promise<Pace> {
  const tokens = emptyTokens(cells, shape);
  const learn = () => model.learn([{ tokens }], { step: 0, rate: 0, key: KEY });
  const predict = () => model.predict(tokens);
  try {
    return { learn: await usual(learn) / cells, predict: await usual(predict) / cells };
  } finally {
    model.close();
  }
}

/** Seconds of a second time, since the first one compiles; of the first where that hardly matters. */
async function usual(work: () => Promise<unknown>): Promise<number> {
  const first = await seconds(work);
  return first > 2 ? first : seconds(work);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = clock.now();
  await work();
  return clock.now() - begun;
}

/** Rows of as many tokens as fit, half of them masked: the work of a batch without its meaning. */
function emptyTokens(cells: number, { genes, length }: Shape): TokenBatch {
  const size = cells * length;
  return {
    cells: new Uint32Array(cells),
    length,
    genes: Int32Array.from({ length: size }, (_, i) => i % length === 0 ? clsId(genes) : i % genes),
    input: new Float32Array(size),
    target: new Float32Array(size),
    padding: new Uint8Array(size),
    masked: Uint8Array.from({ length: size }, (_, i) => i % 2),
    obs: {},
  };
}
