/**
 * Where numbers stop being finite.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { watching } from "../../core/model/composites/mod.ts";
import type { Arrays, Draw, Engine, Program, State, Tensors } from "../../core/model/program.ts";

/** A run whose loss was not finite. */
export interface Suspect {
  readonly program: Program;
  readonly state: State;
  readonly feeds: Arrays;
  readonly draw: Draw;
}

/**
 * Runs `program` again with every composite watched, and names the first in the forward pass whose
 * value is not finite, with the weights it reads: `linear "encoder.layers.0.linear1"`; what was fed
 * if that is it. Gradients of the state are of no use after this.
 */
export async function firstNotFinite(
  engine: Engine,
  { program, state, feeds, draw }: Suspect,
): Promise<string | undefined> {
  const fed = Object.entries(feeds).find(([, values]) => !values.every(Number.isFinite));
  if (fed) return `input "${fed[0]}"`;
  const names: string[] = [];
  const compiled = await engine.compile(watched(program, names), state.layout);
  try {
    const { sizes } = await compiled.run(state, feeds, draw);
    return names[sizes?.findIndex((size) => !Number.isFinite(size)) ?? -1];
  } finally {
    compiled.close();
  }
}

/** The program with one more output `sizes`, the mean size of each composite's value; `names` gets theirs. */
function watched(program: Program, names: string[]): Program {
  // For one cell it would be another program, and not watched.
  const { each: _, ...whole } = program;
  return {
    ...whole,
    name: `${program.name}, watched`,
    apply(weights, inputs, noise) {
      const words = new Map(Object.entries(weights).map(([name, { id }]) => [id, name]));
      const sizes: tf.Tensor[] = [];
      let last = "the start";
      const outputs = watching((composite, given, value) => {
        const weight = Object.values(given.inputs).map(({ id }) => words.get(id)).find(Boolean);
        if (weight) last = `"${weight.replace(/\.(weight|bias)$/, "")}"`;
        names.push(weight ? `${composite} ${last}` : `${composite} after ${last}`);
        sizes.push(tf.mean(tf.abs(value)));
      }, () => program.apply(weights, inputs, noise));
      return (sizes.length === 0 ? outputs : { ...outputs, sizes: tf.stack(sizes) }) as Tensors;
    },
  };
}
