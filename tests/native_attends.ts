/**
 * Attention by kernels, beside plain loops in doubles.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { attention } from "../core/model/composites/mod.ts";
import type { Engine } from "../core/model/program.ts";
import { derive, drawnRate, fillKeep, keyOf, stream } from "../core/random.ts";
import { inPrecision } from "./bf16.ts";
import { attend, type Attended } from "./doubles.ts";
import { assertNear, KEY, normals, ran } from "./native_runs.ts";

/** What attention is tried with. */
export interface AttendedCase {
  readonly seed: number;
  readonly cells: number;
  readonly length: number;
  readonly heads: number;
  /** Of a head. */
  readonly width: number;
  /** Of dropout. */
  readonly rate: number;
  /** Of the numbers. */
  readonly size: number;
  /** Share of the positions, the first ones, of which most are not padded. */
  readonly unpadded: number;
}

/** By which share of their size numbers may differ; in gradients of few keys most of a sum cancels. */
const ROUNDING = {
  fp32: { value: 5e-6, gradient: 1e-5 },
  bf16: { value: 4e-3, gradient: 3e-2 },
} as const;

/**
 * Throws unless value and gradient are those of doubles. In bf16 the doubles read rounded numbers, so
 * that what is left is the rounding of weights and of their gradients.
 */
export async function attends(engine: Engine, given: AttendedCase): Promise<void> {
  const { seed, cells, length, heads, width, rate, size, unpadded } = given;
  const rows = cells * length, whole = heads * width, random = stream(keyOf(seed));
  const projected = normals(seed, rows * 3 * whole, size), dy = normals(seed + 1, rows * whole);
  // Padding at the end and between, and cells of padding alone.
  const padding = Float32Array.from(
    { length: rows },
    (_, i) => i % length < unpadded * length && random.uniform() < 0.8 ? 0 : 1,
  );
  const keep = new Uint8Array(cells * heads * length ** 2);
  fillKeep(keep, { rate, key: derive(KEY, "dropout", 0) });
  const read: Attended = {
    projected: inPrecision(engine.precision, projected),
    padding,
    keep: rate > 0 ? Float64Array.from(keep, (k) => k / (1 - drawnRate(rate))) : undefined,
    cells,
    length,
    heads,
    width,
  };
  const expected = attend(read, inPrecision(engine.precision, dy));
  const { precision } = engine,
    actual = await ran(engine, {
      weights: { projected: [projected, [rows, 3 * whole]] },
      fed: { padding, dy },
      apply: ({ projected }, { padding }, noise) => ({
        value: attention(projected as tf.Tensor2D, {
          padding: tf.reshape(padding, [cells, length]),
          heads,
          rate,
        }, noise),
      }),
    });
  const rounding = ROUNDING[precision];
  // Scores of thousands round by some 1e-4, and the weights then by that share.
  const bound = size > 1 ? Math.max(1e-4, rounding.value) : rounding.value;
  // Where weights are alike, a value is a mean of so many normal numbers, and may all but cancel.
  assertNear("value", actual.value, expected.value, { bound, least: size / Math.sqrt(length) });
  if (size > 1) return;
  for (const [which, name] of ["queries", "keys", "values"].entries()) {
    const side = (all: ArrayLike<number>) =>
      Array.from(all).filter((_, i) => Math.floor(i / whole) % 3 === which);
    assertNear(`gradient by ${name}`, side(actual.projected), side(expected.gradient), {
      bound: rounding.gradient,
      least: 1 / Math.sqrt(length),
    });
  }
}
