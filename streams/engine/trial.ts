/**
 * Whether an engine that was made on this machine computes here what plain JavaScript computes.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { affine, attention, dropout, layerNorm, linear } from "../../core/model/composites/mod.ts";
import { linearWeights, normWeights } from "../../core/model/initial.ts";
import { embedTokens, predictBoth, shellWeights } from "../../core/model/shell.ts";
import type { Architecture } from "../../core/model/architecture.ts";
import type { Engine } from "../../core/model/program.ts";
import { keyOf } from "../../core/random.ts";
import { cpuEngine } from "./eager.ts";
import { ALLOWED, difference, type Part, rehearse } from "./rehearsal.ts";

/** Sizes that fill no vector and no tile. */
const WIDTH = 39, HEADS = 3, RATE = 0.15, MAXIMUM = 512;

/** A layer of attention and norms in the shell: every kernel that transformers need. */
const architecture: Architecture = {
  width: WIDTH,
  mixes: "cell",
  padding: "ignored",
  weights: [
    ...shellWeights(50, { width: WIDTH, embedding: 20 }),
    ...linearWeights("project", WIDTH, 3 * WIDTH),
    ...linearWeights("out", WIDTH, WIDTH),
    ...normWeights("norm", WIDTH),
  ],
  predict(weights, tokens, noise) {
    const [cells] = tokens.genes.shape, { padding } = tokens;
    const embedded = embedTokens(weights, tokens, MAXIMUM);
    const projected = linear(embedded.tokens, affine(weights, "project"));
    const gathered = attention(projected, { padding, heads: HEADS, rate: RATE }, noise);
    const attended = dropout(linear(gathered, affine(weights, "out")), RATE, noise);
    const encoded = layerNorm(embedded.tokens, affine(weights, "norm"), attended);
    return predictBoth(weights, { ...embedded, encoded, cells, pooling: "cls" });
  },
};

const PART: Part = { architecture, shape: { genes: 50, length: 35 }, cells: 3, key: keyOf(1) };

/**
 * Trains two steps and holds the gradients against those of plain JavaScript.
 *
 * @throws InputError when they are others, or when a step fails.
 */
export async function tried(engine: Engine): Promise<void> {
  const oracle = cpuEngine(), expected = await rehearse(oracle, PART, 2);
  await oracle.close();
  const actual = await rehearse(engine, PART, 2).catch((cause: Error) => {
    throw distrust(engine, cause.message);
  });
  const apart = Math.max(
    ...actual.gradients.map((gradients, step) => difference(gradients, expected.gradients[step])),
  );
  if (apart <= ALLOWED[engine.precision]) return;
  const size = apart.toPrecision(2);
  throw distrust(
    engine,
    `its gradients are not those of plain JavaScript, they differ by ${size} of their size`,
  );
}

const distrust = ({ name }: Engine, reason: string): InputError =>
  new InputError({
    message: `Cannot trust ${name} on this machine: ${reason}; name another engine`,
  });
