import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { keyOf, stream } from "../core/random.ts";
import { bothEngines } from "./both_engines.ts";
import { assertClose } from "./first_difference.ts";

/** What attention by random features reads; queries, keys and values are heads × positions × width. */
interface Heads {
  readonly queries: tf.Tensor3D;
  readonly keys: tf.Tensor3D;
  readonly values: tf.Tensor3D;
  /** Random directions, features × width; no gradient is wanted. */
  readonly directions: tf.Tensor2D;
}

/** Added to all features, so that no sum of them vanishes. */
const EPSILON = 1e-4;

/**
 * Softmax attention by positive random features (Choromanski et al., "Rethinking attention with
 * Performers", 2021): its cost grows with the positions, not with their square.
 */
function featureAttention({ queries, keys, values, directions }: Heads): tf.Tensor3D {
  const asked = features(queries, directions, 2), offered = features(keys, directions, [0, 1, 2]);
  const sums = tf.sum(offered, 1, true);
  const norm = tf.sum(tf.mul(asked, sums), 2, true);
  return tf.div(tf.matMul(asked, tf.matMul(offered, values, true, false)), norm);
}

/** The features of each position; the largest exponent along `axes` becomes 0. */
function features(x: tf.Tensor3D, directions: tf.Tensor2D, axes: number | number[]): tf.Tensor3D {
  const [heads, length, width] = x.shape, [count] = directions.shape;
  const scaled = tf.mul(x, width ** -0.25);
  const rows: tf.Tensor2D = tf.reshape(scaled, [heads * length, width]);
  const along = tf.reshape(tf.matMul(rows, directions, false, true), [heads, length, count]);
  const half = tf.mul(tf.sum(tf.square(scaled), 2, true), 0.5);
  const exponents = tf.sub(tf.sub(along, half), tf.max(along, axes, true));
  return tf.mul(tf.add(tf.exp(exponents), EPSILON), count ** -0.5);
}

const normal = (size: number, seed: number) => {
  const random = stream(keyOf(seed));
  return Float32Array.from({ length: size }, () => random.normal());
};

Deno.test("trace() computes attention by random features, forward and backward", async () => {
  const engines = await bothEngines();
  const sizes = fc.record({
    heads: fc.integer({ min: 1, max: 3 }),
    length: fc.integer({ min: 1, max: 7 }),
    width: fc.integer({ min: 1, max: 5 }),
    count: fc.integer({ min: 1, max: 9 }),
  });
  await fc.assert(
    fc.asyncProperty(sizes, ({ heads, length, width, count }) =>
      engines.same({
        shapes: {
          queries: [heads, length, width],
          keys: [heads, length, width],
          values: [heads, length, width],
        },
        fed: { directions: { shape: [count, width], values: normal(count * width, 1) } },
        results: (given) => ({ out: featureAttention(given as unknown as Heads) }),
      })),
    { numRuns: 30, seed: 2 },
  );
  await engines.close();
});

Deno.test("attention by many random features comes close to softmax attention", () => {
  tf.tidy(() => {
    const [heads, length, width, count] = [1, 5, 4, 20000];
    const tensor = (seed: number, scale: number): tf.Tensor3D => {
      const numbers = normal(heads * length * width, seed).map((x) => x * scale);
      return tf.tensor3d(numbers, [heads, length, width]);
    };
    const [queries, keys, values] = [tensor(1, 0.5), tensor(2, 0.5), tensor(3, 1)];
    const directions = tf.tensor2d(normal(count * width, 4), [count, width]);
    const found = featureAttention({ queries, keys, values, directions });
    const scores = tf.mul(tf.matMul(queries, keys, false, true), width ** -0.5);
    const exact = tf.matMul(tf.softmax(scores), values);
    assertClose([...found.dataSync()], [...exact.dataSync()], { absolute: 0.02 });
  });
});
