/**
 * What one run of learning leaves behind.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { learningFeeds, shareOf } from "../../core/model/feeds.ts";
import { learningProgram } from "../../core/model/objective.ts";
import { at, type Engine, type Program } from "../../core/model/program.ts";
import { assertSame } from "../first_difference.ts";
import { type Asked, begin } from "./asked.ts";

/** The gradient of the whole batch, from runs of `cells` cells each. */
export async function gradientIn(
  cells: number,
  engine: Engine,
  { architecture, tokens, key }: Asked,
): Promise<Float32Array> {
  const state = await begin(engine, architecture, key), share = shareOf(tokens.masked);
  const program = withoutNoise(learningProgram(architecture, { cells, length: tokens.length }));
  const compiled = await engine.compile(program, state.layout);
  for (let from = 0; from < tokens.cells.length; from += cells) {
    await compiled.run(state, learningFeeds(tokens, share, { from, cells }), key);
  }
  const gradient = await state.read("gradients");
  compiled.close();
  state.close();
  return gradient;
}

/** Throws unless a run moves each weight that is not learned, which has no gradient, and no other. */
export async function assertMovesAlone(
  engine: Engine,
  { architecture, tokens, key }: Asked,
): Promise<void> {
  const state = await begin(engine, architecture, key), { layout } = state;
  const before = await state.read("weights");
  const shape = { cells: tokens.cells.length, length: tokens.length };
  const compiled = await engine.compile(learningProgram(architecture, shape), layout);
  const feeds = learningFeeds(tokens, shareOf(tokens.masked), { from: 0, cells: shape.cells });
  await compiled.run(state, feeds, key);
  const after = await state.read("weights"), gradients = await state.read("gradients");
  layout.slots.forEach((slot, i) => {
    const [old, now, gradient] = [before, after, gradients].map((all) => at(all, slot));
    if (architecture.weights[i].learned === false) {
      ok(now.some((value, i) => value !== old[i]), `${slot.name} stays as it was`);
      assertSame(gradient, new Float32Array(slot.size));
    } else assertSame(now, old);
  });
  compiled.close();
  state.close();
}

/** The same without dropout, which is drawn for all rows of a run at once. */
const withoutNoise = (program: Program): Program => ({
  ...program,
  apply: (weights, inputs) =>
    program.apply(weights, inputs, { training: true, keep: () => undefined }),
});
