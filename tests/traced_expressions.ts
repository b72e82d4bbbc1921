/**
 * Random programs in the plainest operations, whose shapes meet in every way that broadcasting has.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import type { Tensors } from "../core/model/program.ts";

/** One operation on earlier tensors: which, and numbers that it picks operands and axes by. */
export interface Operation {
  readonly name: keyof typeof OPERATIONS;
  readonly picks: readonly [number, number, number];
}

/** Shapes to begin with. */
export const LEAVES: Readonly<Record<string, readonly number[]>> = {
  matrix: [2, 3],
  row: [3],
  column: [2, 1],
  number: [],
  block: [2, 1, 3],
};

/** Programs of up to `length` operations. */
export const operations = (length: number): fc.Arbitrary<Operation[]> =>
  fc.array(
    fc.record({
      name: fc.constantFrom(...Object.keys(OPERATIONS) as Operation["name"][]),
      picks: fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)),
    }),
    { minLength: 1, maxLength: length },
  );

/** Larger tensors, and those of more axes, are not made. */
const SIZE = 120, RANK = 5;

/** Applies the operations in order; those that do not fit their operands are left out. */
export function evaluate(leaves: Tensors, operations: readonly Operation[]): tf.Tensor[] {
  const pool = [
    ...Object.values(leaves),
    tf.ones([2, 3]),
    tf.zeros([3]),
    tf.fill([2, 1, 1], 0.5),
    tf.scalar(1),
    tf.tensor1d([0.25, -1, 2]),
  ];
  for (const { name, picks: [a, b, pick] } of operations) {
    // Half of the operations go on with the last result, so that unusual ones meet each other.
    const x = a % 2 ? pool[pool.length - 1] : pool[(a >> 1) % pool.length];
    const y = pool[b % pool.length];
    const made = OPERATIONS[name]({ x, y, pick });
    if (made && made.size <= SIZE && made.rank <= RANK) pool.push(made);
  }
  return pool.slice(Object.keys(leaves).length);
}

interface Operands {
  readonly x: tf.Tensor;
  readonly y: tf.Tensor;
  readonly pick: number;
}

type Make = (operands: Operands) => tf.Tensor | undefined;

const unary = (f: (x: tf.Tensor) => tf.Tensor): Make => ({ x }) => f(x);

const binary = (f: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor): Make => ({ x, y }) =>
  compatible(x.shape, y.shape) ? f(x, y) : undefined;

/** For operations whose gradients TensorFlow.js has for operands of one shape only. */
const alike = (f: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor): Make =>
  binary((x, y) => {
    const { shape } = tf.add(x, y);
    return f(tf.broadcastTo(x, shape), tf.broadcastTo(y, shape));
  });

const alongAxis =
  (f: (x: tf.Tensor, axis: number, pick: number) => tf.Tensor | undefined): Make => ({ x, pick }) =>
    x.rank === 0 ? undefined : f(x, pick % x.rank, Math.floor(pick / x.rank));

const reduction =
  (f: (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor): Make => ({ x, pick }) =>
    f(x, axesOf(x, pick), pick % 2 === 0);

/** Bounded where a chain of them could overflow, smooth where a tie would be decided by rounding. */
const OPERATIONS = {
  add: binary(tf.add),
  sub: binary(tf.sub),
  mul: binary(tf.mul),
  div: binary((x, y) => tf.div(x, tf.add(tf.square(tf.tanh(y)), 1))),
  pow: binary((x, y) => tf.pow(tf.add(tf.abs(tf.tanh(x)), 0.5), tf.tanh(y))),
  maximum: alike(tf.maximum),
  minimum: alike(tf.minimum),
  squaredDifference: alike((x, y) => tf.squaredDifference(tf.tanh(x), tf.tanh(y))),
  where: binary((x, y) => tf.where(tf.cast(tf.step(tf.sub(x, 0.3)), "bool"), x, y)),
  addOne: unary((x) => tf.add(x, 1)),
  timesOne: unary((x) => tf.mul(x, tf.onesLike(x))),
  minusZero: unary((x) => tf.sub(x, tf.zerosLike(x))),
  relu: unary(tf.relu),
  leakyRelu: unary((x) => tf.leakyRelu(x, 0.1)),
  elu: unary(tf.elu),
  exp: unary((x) => tf.exp(tf.tanh(x))),
  log: unary((x) => tf.log(tf.add(tf.abs(x), 1))),
  sqrt: unary((x) => tf.sqrt(tf.add(tf.square(tf.tanh(x)), 0.1))),
  sigmoid: unary(tf.sigmoid),
  softplus: unary(tf.softplus),
  erf: unary(tf.erf),
  neg: unary(tf.neg),
  step: unary((x) => tf.step(x)),
  clip: unary((x) => tf.clipByValue(x, -0.7, 0.9)),
  sum: reduction((x, axes, keep) => tf.sum(x, axes, keep)),
  mean: reduction((x, axes, keep) => tf.mean(x, axes, keep)),
  max: reduction((x, axes, keep) => tf.max(x, axes, keep)),
  min: reduction((x, axes, keep) => tf.min(x, axes, keep)),
  transpose: ({ x, pick }) => tf.transpose(x, permutation(x.rank, pick)),
  flatten: unary((x) => tf.reshape(x, [-1])),
  squeeze: unary((x) => tf.squeeze(x)),
  expand: ({ x, pick }) => tf.expandDims(x, pick % (x.rank + 1)),
  merge: alongAxis((x, axis) =>
    axis + 1 < x.rank
      ? tf.reshape(x, x.shape.toSpliced(axis, 2, x.shape[axis] * x.shape[axis + 1]))
      : undefined
  ),
  repeat: alongAxis((x, axis, pick) =>
    tf.tile(x, x.shape.map((_, i) => i === axis ? 1 + pick % 3 : 1))
  ),
  broadcast: binary((x, y) => x.rank < y.rank ? x : tf.broadcastTo(x, tf.add(x, y).shape)),
  concat: ({ x, pick }) => x.rank ? tf.concat([x, tf.neg(x)], pick % x.rank) : undefined,
  stack: ({ x, y, pick }) =>
    String(x.shape) === String(y.shape) ? tf.stack([x, y], pick % (x.rank + 1)) : undefined,
  unstack: alongAxis((x, axis, pick) => {
    // TensorFlow.js cannot differentiate the unstacking of a single part.
    if (x.shape[axis] === 1) return undefined;
    const parts = tf.unstack(x, axis);
    return parts[pick % parts.length];
  }),
  split: alongAxis((x, axis, pick) =>
    x.shape[axis] % 2 ? undefined : tf.split(x, 2, axis)[pick % 2]
  ),
  slice: alongAxis((x, axis, pick) => {
    const begin = x.shape.map((length, i) => i === axis ? pick % length : 0);
    return tf.slice(x, begin, x.shape.map((length, i) => length - begin[i]));
  }),
  pad: alongAxis((x, axis, pick) =>
    x.rank <= 4
      ? tf.pad(
        x,
        x.shape.map((_, i): [number, number] => i === axis ? [pick % 2, 1] : [0, 0]),
        pick % 3,
      )
      : undefined
  ),
  reverse: alongAxis((x, axis) => tf.reverse(x, axis)),
  // TensorFlow.js transposes wrongly along other axes, and counts none from the end.
  cumsum: ({ x, pick }) =>
    x.rank ? tf.cumsum(x, x.rank - 1, pick % 2 === 0, pick % 3 === 0) : undefined,
  softmax: unary((x) => x.rank ? tf.softmax(x) : x),
  stretch: ({ x, pick }) =>
    tf.mul(
      x,
      tf.ones([...(pick % 3 ? [] : [2]), ...x.shape.map((length) => length === 1 ? 3 : 1)]),
    ),
  product: ({ x, y, pick }) => {
    if (x.rank < 2) return undefined;
    const [left, right] = [pick % 2 === 1, pick % 4 > 1];
    const fits = x.rank === y.rank &&
      x.shape.at(left ? -2 : -1) === y.shape.at(right ? -1 : -2) &&
      String(x.shape.slice(0, -2)) === String(y.shape.slice(0, -2));
    return tf.tanh(fits ? tf.matMul(x, y, left, right) : tf.matMul(x, x, left, !left));
  },
} as const satisfies Readonly<Record<string, Make>>;

function compatible(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 1; i <= Math.min(a.length, b.length); i++) {
    const [x, y] = [a.at(-i), b.at(-i)];
    if (x !== y && x !== 1 && y !== 1) return false;
  }
  return true;
}

/** Some of the axes, by the bits of a number; never none. */
function axesOf(x: tf.Tensor, bits: number): number[] {
  const axes = x.shape.map((_, axis) => axis);
  const some = axes.filter((axis) => bits >> axis & 1);
  return some.length ? some : axes;
}

/** The permutation of that number, in the order of factorial digits. */
function permutation(length: number, number: number): number[] {
  const left = Array.from({ length }, (_, i) => i);
  return Array.from({ length }, (_, i) => {
    const [axis] = left.splice(number % (length - i), 1);
    return axis;
  });
}
