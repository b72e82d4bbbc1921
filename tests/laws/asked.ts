/**
 * What architectures say, whatever the engine.
 *
 * @module
 */

import { type Architecture, fillWeights } from "../../core/model/architecture.ts";
import { tokenFeeds } from "../../core/model/feeds.ts";
import { predictingProgram } from "../../core/model/objective.ts";
import { type Arrays, type Engine, layoutOf, type State } from "../../core/model/program.ts";
import { derive, type Key, stream } from "../../core/random.ts";
import type { TokenBatch } from "../../core/tokens.ts";

/** The first weights that `key` names. */
export function firstWeights(architecture: Architecture, key: Key): Float32Array {
  const layout = layoutOf(architecture.weights), weights = new Float32Array(layout.size);
  fillWeights(weights, layout, architecture.weights, key);
  return weights;
}

/** A state with weights away from their first values: zero biases and equal layers hide mistakes. */
export async function begin(
  engine: Engine,
  architecture: Architecture,
  key: Key,
): Promise<State> {
  const state = engine.allocate(layoutOf(architecture.weights), "training");
  const random = stream(derive(key, "shake"));
  const shaken = firstWeights(architecture, key).map((weight) => weight + 0.1 * random.normal());
  await state.write("weights", shaken);
  return state;
}

/** Outputs by name. */
export type Said = Record<string, Float32Array>;

/** What is asked. */
export interface Asked {
  readonly architecture: Architecture;
  readonly tokens: TokenBatch;
  readonly key: Key;
  /** The whole batch unless given. */
  readonly cells?: number;
  readonly feeds?: Arrays;
}

/** What the architecture says with the weights that `key` names, in arrays of its own. */
export async function predict(
  engine: Engine,
  { architecture, tokens, key, ...given }: Asked,
): Promise<Said> {
  const { cells = tokens.cells.length } = given;
  const { feeds = tokenFeeds(tokens, { from: 0, cells }) } = given;
  const program = predictingProgram(architecture, { cells, length: tokens.length });
  const state = await begin(engine, architecture, key);
  const compiled = await engine.compile(program, state.layout);
  const outputs = await compiled.run(state, feeds, key);
  const said = Object.fromEntries(
    Object.entries(outputs).map(([name, values]) => [name, Float32Array.from(values)]),
  );
  compiled.close();
  state.close();
  return said;
}
