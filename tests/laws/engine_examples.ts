/**
 * Small programs of random shapes that between them use what models are made of.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import type { Affine } from "../../core/model/composites/affine.ts";
import { layerNorm } from "../../core/model/composites/mod.ts";
import {
  type Arrays,
  type Compiled,
  type Engine,
  type Layout,
  layoutOf,
  type Noise,
  type Program,
  type State,
  type Tensors,
  type TensorSpec,
} from "../../core/model/program.ts";
import { derive, keyOf, stream } from "../../core/random.ts";
import { sizeOf } from "../../streams/engine/feeds.ts";

/** The key that examples run with. */
export const KEY = keyOf(1);

/** The constants that examples learn with. */
export const ADAM = { rate: 0.01, beta1: 0.9, beta2: 0.99 };

/** A program with weights and feeds to run it on. */
export interface Example {
  readonly program: Program;
  readonly layout: Layout;
  readonly weights: Float32Array;
  readonly feeds: Arrays;
}

/** Shapes of weights, and inputs: floats by their shape, ids by their shape and number. */
interface Parts {
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly floats?: Readonly<Record<string, readonly number[]>>;
  readonly ids?: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly below: number }>
  >;
}

type Apply = (weights: Tensors, inputs: Tensors, noise: Noise) => Tensors;

/** An example that learns, its numbers drawn from `seed`: normal weights and feeds, uniform ids. */
export function exampleOf(name: string, seed: number, parts: Parts, apply: Apply): Example {
  const random = stream(derive(keyOf(seed), "example"));
  const normals = (length: number) => Float32Array.from({ length }, () => random.normal());
  const layout = layoutOf(
    Object.entries(parts.weights).map(([name, shape]) => ({ name, shape })),
  );
  const inputs: Record<string, TensorSpec> = {};
  const feeds: Record<string, Float32Array | Int32Array> = {};
  for (const [name, shape] of Object.entries(parts.floats ?? {})) {
    inputs[name] = { shape, dtype: "float32" };
    feeds[name] = normals(sizeOf(shape));
  }
  for (const [name, { shape, below }] of Object.entries(parts.ids ?? {})) {
    inputs[name] = { shape, dtype: "int32" };
    feeds[name] = Int32Array.from({ length: sizeOf(shape) }, () => random.below(below));
  }
  const program: Program = { name: `${name} ${seed}`, inputs, apply, purpose: "learn" };
  return { program, layout, weights: normals(layout.size), feeds };
}

const length = fc.integer({ min: 1, max: 6 }), seed = fc.nat();

/** Arbitrary examples by what they exercise. */
export const examples: Readonly<Record<string, fc.Arbitrary<Example>>> = {
  "linear layers": fc.tuple(seed, length, length, length).map(([seed, n, a, b]) =>
    exampleOf("linear", seed, {
      weights: { first: [a, b], bias: [b], second: [b, 1], ignored: [2] },
      floats: { x: [n, a], y: [n, 1] },
    }, (w, { x, y }) => {
      const hidden = tf.relu(tf.add(tf.matMul(x, w.first), w.bias));
      const error = tf.sub(tf.matMul(hidden, w.second), y);
      return { loss: tf.mean(tf.square(error)), hidden };
    })
  ),
  "tables read by id": fc.tuple(seed, length, length, length).map(([seed, n, rows, width]) =>
    exampleOf("table", seed, {
      weights: { table: [rows, width], mix: [width, 2] },
      ids: { ids: { shape: [2 * n], below: rows }, groups: { shape: [2 * n], below: 3 } },
    }, ({ table, mix }, { ids, groups }) => {
      const read = (ids: tf.Tensor) => tf.gather(table, ids as tf.Tensor1D);
      const twice = tf.mul(read(ids), read(tf.reverse(ids)));
      const sums = tf.unsortedSegmentSum(twice, groups as tf.Tensor1D, 3);
      return { loss: tf.mean(tf.square(tf.matMul(sums, mix))), sums };
    })
  ),
  "softmax attention": fc.tuple(seed, length, length, length).map(([seed, cells, n, width]) =>
    exampleOf("attention", seed, {
      weights: { query: [2 * width, 2 * width], key: [2 * width, 2 * width] },
      floats: { x: [cells * n, 2 * width], scores: [cells, n] },
    }, ({ query, key }, { x, scores }) => {
      const heads = (x: tf.Tensor) =>
        tf.transpose(tf.reshape(x, [cells, n, 2, width]), [0, 2, 1, 3]);
      const [q, k, v] = [tf.matMul(x, query), tf.matMul(x, key), x].map(heads);
      const bias = tf.reshape(scores, [cells, 1, 1, n]);
      const mixed = tf.matMul(tf.softmax(tf.add(tf.matMul(q, k, false, true), bias)), v);
      return { loss: tf.sum(tf.square(mixed)), mixed: tf.transpose(mixed, [0, 2, 1, 3]) };
    })
  ),
  "layer norms": fc.tuple(seed, length, length).map(([seed, n, width]) =>
    exampleOf("norm", seed, {
      weights: { scale: [width + 1], shift: [width + 1] },
      floats: { x: [n, width + 1], y: [n, width + 1] },
    }, ({ scale, shift }, { x, y }) => {
      const shifted = tf.add(x, shift);
      const centred = tf.sub(shifted, tf.mean(shifted, 1, true));
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), 1e-3));
      const normal = tf.mul(tf.mul(centred, inverse), scale);
      return { loss: tf.sum(tf.mul(normal, y)), normal };
    })
  ),
  "layer norms of what is added to itself": fc.tuple(seed, length, length).map(([seed, n, width]) =>
    exampleOf("twice", seed, {
      weights: { weight: [width + 1], bias: [width + 1], mix: [width + 1, width + 1] },
      floats: { x: [n, width + 1], y: [n, width + 1] },
    }, ({ mix, ...affine }, { x, y }) => {
      const mixed = tf.matMul(x, mix) as tf.Tensor2D;
      const normal = layerNorm(mixed, affine as unknown as Affine, mixed);
      return { loss: tf.sum(tf.mul(normal, y)), normal };
    })
  ),
  "tables read in their order": fc.tuple(seed, length, length).map(([seed, rows, width]) =>
    exampleOf("positions", seed, {
      weights: { positions: [rows, width] },
      floats: { x: [rows, width] },
    }, ({ positions }, { x }) => {
      const order = tf.range(0, rows, 1, "int32");
      const read = tf.gather(positions, order as tf.Tensor1D);
      return { loss: tf.sum(tf.mul(tf.square(read), x)), read, order };
    })
  ),
  "ranges that go down": fc.tuple(seed, length, length).map(([seed, n, width]) =>
    exampleOf("down", seed, {
      weights: { w: [n, width] },
      floats: { x: [n, width] },
    }, ({ w }, { x }) => {
      const down = tf.range(width, 0);
      return { loss: tf.sum(tf.mul(tf.mul(w, x), down)), down };
    })
  ),
  "masked errors": fc.tuple(seed, length, length).map(([seed, cells, n]) =>
    exampleOf("masked", seed, {
      weights: { scale: [], offset: [n] },
      floats: { x: [cells, n], y: [cells, n], chosen: [cells, n] },
    }, ({ scale, offset }, { x, y, chosen }) => {
      const mask = tf.cast(tf.greater(chosen, 0), "float32");
      const error = tf.square(tf.sub(tf.add(tf.mul(x, scale), offset), y));
      const count = tf.add(tf.sum(mask), 1);
      return { loss: tf.div(tf.sum(tf.mul(error, mask)), count), positive: tf.greater(chosen, 0) };
    })
  ),
  "dropout": fc.tuple(seed, length, length).map(([seed, n, width]) =>
    exampleOf("dropout", seed, {
      weights: { weight: [width, 4] },
      floats: { x: [n, width] },
    }, ({ weight }, { x }, noise) => {
      const [first, second] = [noise.keep([n, width], 0.3), noise.keep([n, 4], 0.5)];
      const hidden = tf.matMul(first ? tf.mul(x, first) : x, weight);
      const out = second ? tf.mul(hidden, second) : hidden;
      return { loss: tf.sum(tf.square(out)), out };
    })
  ),
};

/** Two linear layers on 6 cells, the same each time but for its numbers. */
export function linear(seed: number): Example {
  return exampleOf(
    "linear",
    seed,
    { weights: { first: [5, 4], second: [4, 1] }, floats: { x: [6, 5], y: [6, 1] } },
    ({ first, second }, { x, y }) => {
      const guess = tf.matMul(tf.relu(tf.matMul(x, first)), second);
      return { loss: tf.mean(tf.square(tf.sub(guess, y))), guess };
    },
  );
}

/** The example on an engine: compiled, and a state with its weights. */
export async function begin(
  engine: Engine,
  { program, layout, weights }: Example,
): Promise<{ state: State; compiled: Compiled }> {
  const compiled = await engine.compile(program, layout);
  const state = engine.allocate(layout, "training");
  await state.write("weights", weights);
  return { state, compiled };
}
