/**
 * Laws of the kernels of `native` on random shapes: each kernel that has a shape of its own against plain loops in doubles, forward and backward: a
 * wrong gradient of attention once trained plausibly.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { ok } from "node:assert/strict";
import { attention, layerNorm, linear } from "../core/model/composites/mod.ts";
import { type Arrays, type Engine, layoutOf, type Program } from "../core/model/program.ts";
import { derive, drawnRate, fillKeep, keyOf, stream } from "../core/random.ts";
import { attend, type Attended, multiply, normalise } from "./doubles.ts";

const KEY = keyOf(3);

/** Lengths about which loops of vectors and tiles differ. */
const length = fc.oneof(fc.constantFrom(1, 31, 32, 33, 65), fc.integer({ min: 1, max: 80 }));

/** Normal numbers times `size`. */
function normals(seed: number, count: number, size = 1): Float32Array {
  const random = stream(derive(keyOf(seed), "normals"));
  return Float32Array.from({ length: count }, () => size * random.normal());
}

/**
 * Throws unless the difference is a small share of the size of all; of `least` times that of normal
 * numbers where sums cancel.
 */
function assertNear(
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

/**
 * By how much the rounding of rows weighs, as a root mean square over rows: in their normal numbers, as
 * often as they are larger than their deviation, and in their gradients that over the deviation.
 */
function roundingOf(rows: Float64Array, width: number) {
  let normal = 0, slope = 0;
  for (let from = 0; from < rows.length; from += width) {
    const row = rows.subarray(from, from + width);
    const mean = row.reduce((a, b) => a + b, 0) / width;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / width;
    const deviation = Math.sqrt(variance + 1e-5);
    const weight = 1 + row.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / deviation;
    normal += weight ** 2;
    slope += (weight / deviation) ** 2;
  }
  const count = rows.length / width;
  return { normal: Math.sqrt(normal / count), slope: Math.sqrt(slope / count) };
}

/** Laws by what they say; each draws so many shapes and runs them on engines that `open` opens. */
export function shapeLaws(
  open: () => Engine,
): Readonly<Record<string, (numRuns: number) => Promise<void>>> {
  /** Outputs and gradients of one run on `weights`, whose gradients are of Σ value · dy. */
  async function ran(
    shapes: Readonly<Record<string, readonly number[]>>,
    weights: Readonly<Record<string, Float32Array>>,
    { fed, apply }: { fed: Arrays; apply: Program["apply"] },
  ) {
    const layout = layoutOf(Object.entries(shapes).map(([name, shape]) => ({ name, shape })));
    const engine = open(), state = engine.allocate(layout, "training");
    const all = new Float32Array(layout.size);
    for (const { name, offset } of layout.slots) all.set(weights[name], offset);
    await state.write("weights", all);
    const compiled = await engine.compile({
      name: "kernel",
      purpose: "learn",
      inputs: Object.fromEntries(
        Object.entries(fed).map((
          [name, { length }],
        ) => [name, { shape: [length], dtype: "float32" }]),
      ),
      apply(weights, inputs, noise) {
        const { value } = apply(weights, inputs, noise);
        return { value, loss: tf.sum(tf.mul(value, tf.reshape(inputs.dy, value.shape))) };
      },
    }, layout);
    const { value } = await compiled.run(state, fed, KEY);
    const gradients = await state.read("gradients");
    const result = {
      value: value.slice(),
      ...Object.fromEntries(
        layout.slots.map((
          { name, offset, size },
        ) => [name, gradients.slice(offset, offset + size)]),
      ),
    } as Record<string, Float32Array>;
    await engine.close();
    return result;
  }

  async function attends(numRuns: number): Promise<void> {
    const shape = fc.record({
      seed: fc.nat(),
      cells: fc.integer({ min: 1, max: 2 }),
      length,
      heads: fc.integer({ min: 1, max: 3 }),
      width: fc.constantFrom(1, 3, 8, 16, 17, 32, 40),
      rate: fc.constantFrom(0, 0.15, 0.7),
      size: fc.constantFrom(1e-20, 1, 30),
      unpadded: fc.constantFrom(0, 0.3, 1),
    });
    await fc.assert(
      fc.asyncProperty(
        shape,
        async ({ seed, cells, length, heads, width, rate, size, unpadded }) => {
          const rows = cells * length, whole = heads * width, random = stream(keyOf(seed));
          const projected = normals(seed, rows * 3 * whole, size),
            dy = normals(seed + 1, rows * whole);
          // Padding at the end and between, and cells of padding alone.
          const padding = Float32Array.from(
            { length: rows },
            (_, i) => i % length < unpadded * length && random.uniform() < 0.8 ? 0 : 1,
          );
          const keep = new Uint8Array(cells * heads * length ** 2);
          fillKeep(keep, rate, derive(KEY, "dropout", 0));
          const given: Attended = {
            projected,
            padding,
            keep: rate > 0 ? Float64Array.from(keep, (k) => k / (1 - drawnRate(rate))) : undefined,
            cells,
            length,
            heads,
            width,
          };
          const expected = attend(given, dy);
          const actual = await ran({ projected: [rows, 3 * whole] }, { projected }, {
            fed: { padding, dy },
            apply: ({ projected }, { padding }, noise) => ({
              value: attention(projected as tf.Tensor2D, {
                padding: tf.reshape(padding, [cells, length]),
                heads,
                rate,
              }, noise),
            }),
          });
          // Scores of thousands round by some 1e-4, and the weights then by that share.
          const near = { bound: size > 1 ? 1e-4 : 5e-6, least: size / length };
          assertNear("value", actual.value, expected.value, near);
          if (size <= 1) {
            assertNear("gradient", actual.projected, expected.gradient, { least: 1 / length });
          }
        },
      ),
      { numRuns },
    );
  }

  async function multiplies(numRuns: number): Promise<void> {
    const shape = fc.tuple(fc.nat(), length, length, length, fc.constantFrom("none", "relu"));
    await fc.assert(
      fc.asyncProperty(shape, async ([seed, rows, depth, columns, activation]) => {
        const x = normals(seed, rows * depth), weight = normals(seed + 1, depth * columns);
        const bias = normals(seed + 2, columns), dy = normals(seed + 3, rows * columns);
        const sums = multiply({ a: x, b: weight, rows, depth, columns })
          .map((sum, i) => sum + bias[i % columns]);
        const value = activation === "relu" ? sums.map((sum) => Math.max(sum, 0)) : sums;
        const dSum = Float64Array.from(dy, (g, i) => activation === "relu" && sums[i] <= 0 ? 0 : g);
        const turned = (m: ArrayLike<number>, rows: number) =>
          Float64Array.from(m, (_, i) => m[(i % rows) * (m.length / rows) + Math.floor(i / rows)]);
        const dWeight = multiply({
          a: turned(x, rows),
          b: dSum,
          rows: depth,
          depth: rows,
          columns,
        });
        const dX = multiply({
          a: dSum,
          b: turned(weight, depth),
          rows,
          depth: columns,
          columns: depth,
        });
        const dBias = multiply({ a: dSum.map(() => 1), b: dSum, rows: 1, depth: rows, columns });
        const actual = await ran(
          { x: [rows, depth], weight: [depth, columns], bias: [columns] },
          { x, weight, bias },
          {
            fed: { dy },
            apply: ({ x, weight, bias }) => ({
              value: linear(x as tf.Tensor2D, { weight, bias }, activation as "none"),
            }),
          },
        );
        assertNear("value", actual.value, value);
        assertNear("gradient by x", actual.x, dX);
        assertNear("gradient by weight", actual.weight, dWeight);
        assertNear("gradient by bias", actual.bias, dBias);
      }),
      { numRuns },
    );
  }

  async function normalises(numRuns: number): Promise<void> {
    const shape = fc.tuple(fc.nat(), length, length, fc.boolean());
    await fc.assert(
      fc.asyncProperty(shape, async ([seed, rows, width, both]) => {
        const x = normals(seed, rows * width), residual = normals(seed + 1, rows * width);
        const weight = normals(seed + 2, width), bias = normals(seed + 3, width);
        const dy = normals(seed + 4, rows * width);
        const sum = Float64Array.from(x, (x, i) => both ? x + residual[i] : x);
        const expected = normalise({ sum, weight, bias, width }, dy);
        const actual = await ran(
          { x: [rows, width], residual: [rows, width], weight: [width], bias: [width] },
          { x, residual, weight, bias },
          {
            fed: { dy },
            apply: ({ x, residual, weight, bias }) => ({
              value: layerNorm(
                x as tf.Tensor2D,
                { weight, bias },
                both ? residual as tf.Tensor2D : undefined,
              ),
            }),
          },
        );
        const { normal, slope } = roundingOf(sum, width);
        assertNear("value", actual.value, expected.value, { least: normal });
        assertNear("gradient by x", actual.x, expected.dSum, { least: slope });
        if (both) {
          assertNear("gradient by residual", actual.residual, expected.dSum, { least: slope });
        }
        assertNear("gradient by weight", actual.weight, expected.dWeight, { least: normal });
        assertNear("gradient by bias", actual.bias, expected.dBias);
      }),
      { numRuns },
    );
  }

  return { attends, multiplies, normalises };
}
