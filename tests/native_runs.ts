/**
 * One composite as a program of its own on an engine, and how near its numbers are to others.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { ok } from "node:assert/strict";
import { type Arrays, type Engine, layoutOf, type Program } from "../core/model/program.ts";
import { derive, keyOf, stream } from "../core/random.ts";

/** Key of the dropout of all runs. */
export const KEY = keyOf(3);

/** Normal numbers times `size`. */
export function normals(seed: number, count: number, size = 1): Float32Array {
  const random = stream(derive(keyOf(seed), "normals"));
  return Float32Array.from({ length: count }, () => size * random.normal());
}

/**
 * Throws unless the difference is a small share of the size of all; of `least` times that of normal
 * numbers where sums cancel.
 */
export function assertNear(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { bound = 5e-6, least = 1 } = {},
): void {
  let apart = 0, size = 0;
  for (let i = 0; i < expected.length; i++) {
    apart += (actual[i] - expected[i]) ** 2;
    size += expected[i] ** 2;
  }
  const share = Math.sqrt(apart / Math.max(size, expected.length * least ** 2));
  ok(share <= bound, `${what} differs by ${share}`);
}

/** A program of one value, what is fed to it, and its weights with their shapes. */
export interface Given {
  readonly weights: Readonly<Record<string, readonly [Float32Array, readonly number[]]>>;
  readonly fed: Arrays;
  readonly apply: Program["apply"];
}

/** The value, and the gradients of Σ value · dy by the weights; closes the engine. */
export async function ran(
  engine: Engine,
  { weights, fed, apply }: Given,
): Promise<Readonly<Record<string, Float32Array>>> {
  const layout = layoutOf(
    Object.entries(weights).map(([name, [, shape]]) => ({ name, shape })),
  );
  const state = engine.allocate(layout, "training"), all = new Float32Array(layout.size);
  for (const { name, offset } of layout.slots) all.set(weights[name][0], offset);
  await state.write("weights", all);
  const inputs = Object.entries(fed).map(([name, { length }]) =>
    [name, { shape: [length], dtype: "float32" as const }] as const
  );
  const compiled = await engine.compile({
    name: "kernel",
    purpose: "learn",
    inputs: Object.fromEntries(inputs),
    apply(weights, inputs, noise) {
      const { value } = apply(weights, inputs, noise);
      return { value, loss: tf.sum(tf.mul(value, tf.reshape(inputs.dy, value.shape))) };
    },
  }, layout);
  const { value } = await compiled.run(state, fed, KEY);
  const gradients = await state.read("gradients");
  const found = layout.slots.map(({ name, offset, size }) =>
    [name, gradients.slice(offset, offset + size)] as const
  );
  const result = { value: (value as Float32Array).slice(), ...Object.fromEntries(found) };
  await engine.close();
  return result;
}
