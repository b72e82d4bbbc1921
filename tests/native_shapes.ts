/**
 * Laws of the kernels of `native` on random shapes: each kernel that has a shape of its own against
 * plain loops in doubles, forward and backward: a wrong gradient of attention once trained plausibly.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { layerNorm, linear, maskedMeanSquare } from "../core/model/composites/mod.ts";
import type { Engine } from "../core/model/program.ts";
import { inProduct } from "./bf16.ts";
import { multiply, normalise } from "./doubles.ts";
import { attends } from "./native_attends.ts";
import { assertNear, normals, ran } from "./native_runs.ts";

/** Lengths about which loops of vectors and tiles differ. */
const length = fc.oneof(fc.constantFrom(1, 31, 32, 33, 65), fc.integer({ min: 1, max: 80 }));

/** What an activation multiplies by where a sum is negative. */
const SLOPES = { none: 1, relu: 0, leakyRelu: 0.01 } as const;

const activation = fc.constantFrom("none", "relu", "leakyRelu");

/** What attention is tried with. */
const attended = fc.record({
  seed: fc.nat(),
  cells: fc.integer({ min: 1, max: 2 }),
  length,
  heads: fc.integer({ min: 1, max: 3 }),
  width: fc.constantFrom(1, 3, 8, 16, 17, 32, 40),
  rate: fc.constantFrom(0, 0.15, 0.7),
  size: fc.constantFrom(1e-20, 1, 30),
  unpadded: fc.constantFrom(0, 0.3, 1),
});

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

/** By which share of their size gradients of layer norm may differ: normal rows are saved. */
const ROUNDING = { fp32: 5e-6, bf16: 8e-3 } as const;

/**
 * Laws by what they say; each draws so many shapes and runs them on engines that `open` opens. In
 * bf16 doubles multiply what the kernels do, factors that were rounded: sums round as in fp32.
 */
export function shapeLaws(
  open: () => Engine,
): Readonly<Record<string, (numRuns: number) => Promise<void>>> {
  async function multiplies(numRuns: number): Promise<void> {
    const shape = fc.tuple(fc.nat(), length, length, length, activation);
    await fc.assert(
      fc.asyncProperty(shape, async ([seed, rows, depth, columns, activation]) => {
        const x = normals(seed, rows * depth), weight = normals(seed + 1, depth * columns);
        const bias = normals(seed + 2, columns), dy = normals(seed + 3, rows * columns);
        const engine = open();
        const product = (factors: Parameters<typeof multiply>[0]) => {
          const read = (factor: ArrayLike<number>) => inProduct(engine.precision, factors, factor);
          return multiply({ ...factors, a: read(factors.a), b: read(factors.b) });
        };
        const sums = product({ a: x, b: weight, rows, depth, columns })
          .map((sum, i) => sum + bias[i % columns]);
        const slope = SLOPES[activation], value = sums.map((sum) => sum < 0 ? slope * sum : sum);
        const actual = await ran(
          engine,
          {
            weights: {
              x: [x, [rows, depth]],
              weight: [weight, [depth, columns]],
              bias: [bias, [columns]],
            },
            fed: { dy },
            apply: ({ x, weight, bias }) => ({
              value: linear(x as tf.Tensor2D, { weight, bias }, activation),
            }),
          },
        );
        assertNear("value", actual.value, value);
        // Whether a sum that is all but 0 is positive is a matter of rounding; so is what bf16 makes of
        // a product that lies in the middle of two.
        const lower = Float32Array.from(dy, (g) => Math.fround(slope) * g);
        const dSum = Float64Array.from(dy, (g, i) => actual.value[i] > 0 ? g : lower[i]);
        const turned = (m: ArrayLike<number>, rows: number) =>
          Float64Array.from(m, (_, i) => m[(i % rows) * (m.length / rows) + Math.floor(i / rows)]);
        const dWeight = product({
          a: turned(x, rows),
          b: dSum,
          rows: depth,
          depth: rows,
          columns,
        });
        const dX = product({
          a: dSum,
          b: turned(weight, depth),
          rows,
          depth: columns,
          columns: depth,
        });
        const dBias = multiply({ a: dSum.map(() => 1), b: dSum, rows: 1, depth: rows, columns });
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
        const engine = open(), bound = ROUNDING[engine.precision];
        const actual = await ran(
          engine,
          {
            weights: {
              x: [x, [rows, width]],
              residual: [residual, [rows, width]],
              weight: [weight, [width]],
              bias: [bias, [width]],
            },
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
        assertNear("gradient by x", actual.x, expected.dSum, { least: slope, bound });
        if (both) {
          assertNear("gradient by residual", actual.residual, expected.dSum, {
            least: slope,
            bound,
          });
        }
        assertNear("gradient by weight", actual.weight, expected.dWeight, { least: normal, bound });
        assertNear("gradient by bias", actual.bias, expected.dBias);
      }),
      { numRuns },
    );
  }

  async function squares(numRuns: number): Promise<void> {
    const shape = fc.tuple(fc.nat(), length, fc.oneof(fc.constant(1), length), fc.boolean());
    await fc.assert(
      fc.asyncProperty(shape, async ([seed, cells, length, masked]) => {
        const count = cells * length, shape = [cells, length] as const;
        const prediction = normals(seed, count), target = normals(seed + 1, count);
        const share = normals(seed + 2, count).map((x) => masked && x < 0 ? 0 : Math.abs(x));
        const dy = normals(seed + 3, 1);
        const error = Float64Array.from(prediction, (x, i) => x - target[i]);
        const shared = error.map((error, i) => share[i] * error);
        const actual = await ran(
          open(),
          {
            weights: { prediction: [prediction, shape] },
            fed: { dy, target, share },
            apply({ prediction }, inputs) {
              const [target, share] = [inputs.target, inputs.share]
                .map((x) => tf.reshape<tf.Rank.R2>(x, [...shape]));
              return { value: maskedMeanSquare(prediction as tf.Tensor2D, target, share) };
            },
          },
        );
        const value = shared.reduce((sum, shared, i) => sum + shared * error[i], 0);
        assertNear("value", actual.value, [value]);
        assertNear("gradient", actual.prediction, shared.map((shared) => 2 * shared * dy[0]));
      }),
      { numRuns },
    );
  }

  return {
    attends: (numRuns) =>
      fc.assert(fc.asyncProperty(attended, (given) => attends(open(), given)), { numRuns }),
    multiplies,
    normalises,
    squares,
  };
}
