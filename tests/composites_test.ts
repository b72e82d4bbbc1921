import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  attention,
  detach,
  dropout,
  embedding,
  layerNorm,
  linear,
  maskedMeanSquare,
} from "../core/model/composites/mod.ts";
import type { Noise } from "../core/model/program.ts";
import { derive, type Key, keyOf, stream } from "../core/random.ts";
import { noiseBy, silence } from "../streams/engine/noise.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { key } from "./laws/arbitraries.ts";
import { assertSlope } from "./laws/slope.ts";

tf.enableProdMode();
await tf.setBackend("cpu");

type Function = (...xs: tf.Tensor[]) => tf.Tensor;

/** A composite of given sizes beside the same written in plain operations. */
interface Subject {
  /** Shapes of what it is differentiated by. */
  readonly shapes: readonly number[][];
  readonly composite: Function;
  readonly plain: Function;
}

/** Small sizes of everything. */
interface Sizes {
  readonly cells: number;
  readonly length: number;
  readonly heads: number;
  /** Width of a head. */
  readonly head: number;
  readonly outputs: number;
}

const sizes = fc.record({
  cells: fc.integer({ min: 1, max: 3 }),
  length: fc.integer({ min: 2, max: 5 }),
  heads: fc.integer({ min: 1, max: 2 }),
  head: fc.integer({ min: 2, max: 4 }),
  outputs: fc.integer({ min: 1, max: 4 }),
});

function normal(shape: readonly number[], key: Key): tf.Tensor {
  const random = stream(key), size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(Float32Array.from({ length: size }, () => random.normal()), [...shape]);
}

/** 1 at the last positions of every cell but the first position, some number of them. */
function padding({ cells, length }: Sizes, key: Key): tf.Tensor2D {
  const random = stream(key);
  const rows = Array.from({ length: cells }, () => {
    const shown = 1 + random.below(length);
    return Array.from({ length }, (_, p) => Number(p >= shown));
  });
  return tf.tensor2d(rows);
}

/** Noise with a drop rate near one half that repeats itself whenever it is made anew. */
const noise = (key: Key): Noise =>
  noiseBy(({ shape }, site) => {
    const random = stream(derive(key, site)), size = shape.reduce((a, b) => a * b, 1);
    return tf.tensor(Float32Array.from({ length: size }, () => 2 * random.below(2)), [...shape]);
  });

const plainNorm = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => {
  const { mean, variance } = tf.moments(x, 1, true);
  const normal = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(normal, weight), bias);
};

function plainAttention({ cells, length, heads, head }: Sizes, pad: tf.Tensor, noise: Noise) {
  return (projected: tf.Tensor) => {
    const keep = noise.keep([cells, heads, length, length], 0.5);
    const parts = tf.reshape(projected, [cells, length, 3, heads, head]);
    const [q, k, v] = tf.unstack(tf.transpose(parts, [2, 0, 3, 1, 4]));
    const scores = tf.div(tf.matMul(q, k, false, true), Math.sqrt(head));
    const shown = tf.reshape(tf.sub(1, pad), [cells, 1, 1, length]);
    const powers = tf.mul(tf.exp(scores), shown);
    const weights = tf.div(powers, tf.sum(powers, -1, true));
    const mixed = tf.matMul(keep ? tf.mul(weights, keep) : weights, v);
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [cells * length, heads * head]);
  };
}

const matrix = (x: tf.Tensor) => x as tf.Tensor2D;

const subjects: Readonly<Record<string, (sizes: Sizes, key: Key) => Subject>> = {
  "linear()": ({ length, head, outputs }) => ({
    shapes: [[length, head], [head, outputs], [outputs]],
    composite: (x, weight, bias) => linear(matrix(x), { weight, bias }),
    plain: (x, weight, bias) => tf.add(tf.matMul(x, weight), bias),
  }),
  'linear() with "relu"': ({ length, head, outputs }) => ({
    shapes: [[length, head], [head, outputs], [outputs]],
    composite: (x, weight, bias) => linear(matrix(x), { weight, bias }, "relu"),
    plain: (x, weight, bias) => tf.relu(tf.add(tf.matMul(x, weight), bias)),
  }),
  'linear() with "leakyRelu"': ({ length, head, outputs }) => ({
    shapes: [[length, head], [head, outputs], [outputs]],
    composite: (x, weight, bias) => linear(matrix(x), { weight, bias }, "leakyRelu"),
    plain: (x, weight, bias) => tf.leakyRelu(tf.add(tf.matMul(x, weight), bias), 0.01),
  }),
  "layerNorm()": ({ length, head }) => ({
    shapes: [[length, head + 2], [head + 2], [head + 2]],
    composite: (x, weight, bias) => layerNorm(matrix(x), { weight, bias }),
    plain: plainNorm,
  }),
  "layerNorm() with residual": ({ length, head }) => ({
    shapes: [[length, head + 2], [head + 2], [head + 2], [length, head + 2]],
    composite: (x, weight, bias, more) => layerNorm(matrix(x), { weight, bias }, matrix(more)),
    plain: (x, weight, bias, more) => plainNorm(tf.add(x, more), weight, bias),
  }),
  "embedding()": ({ cells, length, head, outputs }, key) => {
    const random = stream(key);
    const ids = tf.tensor2d(
      Array.from({ length: cells }, () => Array.from({ length }, () => random.below(outputs))),
      [cells, length],
      "int32",
    );
    return {
      shapes: [[outputs, head]],
      composite: (table) => embedding(matrix(table), ids, tf.zeros([cells, length])),
      plain: (table) => tf.gather(table, tf.reshape(ids, [cells * length])),
    };
  },
  "maskedMeanSquare()": ({ cells, length }, key) => {
    const target = matrix(normal([cells, length], derive(key, "target")));
    const share = matrix(tf.abs(normal([cells, length], derive(key, "share"))));
    return {
      shapes: [[cells, length]],
      composite: (prediction) => maskedMeanSquare(matrix(prediction), target, share),
      plain: (prediction) => tf.sum(tf.mul(share, tf.square(tf.sub(prediction, target)))),
    };
  },
  "dropout()": ({ length, head }, key) => ({
    shapes: [[length, head]],
    composite: (x) => dropout(x, 0.5, noise(key)),
    plain: (x) => tf.mul(x, noise(key).keep(x.shape, 0.5)!),
  }),
  "attention()": (sizes, key) => {
    const { cells, length, heads, head } = sizes, pad = padding(sizes, key);
    const options = { padding: pad, heads, rate: 0.5 };
    return {
      shapes: [[cells * length, 3 * heads * head]],
      composite: (projected) => attention(matrix(projected), options, silence),
      plain: plainAttention(sizes, pad, silence),
    };
  },
  "attention() with dropout": (sizes, key) => {
    const { cells, length, heads, head } = sizes, pad = padding(sizes, key);
    const options = { padding: pad, heads, rate: 0.5 };
    return {
      shapes: [[cells * length, 3 * heads * head]],
      composite: (projected) => attention(matrix(projected), options, noise(key)),
      plain: (projected) => plainAttention(sizes, pad, noise(key))(projected),
    };
  },
};

for (const [name, make] of Object.entries(subjects)) {
  const law = (claim: string, check: (subject: Subject, key: Key) => void) =>
    Deno.test(`${name} ${claim}`, () =>
      fc.assert(
        fc.property(sizes, key(), (sizes, key) => {
          tf.tidy(() => check(make(sizes, derive(key, "subject")), key));
        }),
        { numRuns: 25 },
      ));
  const inputsOf = ({ shapes }: Subject, key: Key) =>
    shapes.map((shape, i) => normal(shape, derive(key, "input", i)));

  law("is what plain operations make it, and so are its gradients", (subject, key) => {
    const inputs = inputsOf(subject, key), value = subject.plain(...inputs);
    const dy = normal(value.shape, derive(key, "dy"));
    const [actual, expected] = [subject.composite, subject.plain].map((f) => {
      const { value, grads } = tf.valueAndGrads(f)(inputs, dy);
      return [value, ...grads].map((x) => ({ shape: x.shape, values: x.dataSync() }));
    });
    assertClose(actual, expected, { relative: 1e-4, absolute: 1e-4 });
  });

  law("has the gradient that finite differences find", (subject, key) => {
    const inputs = inputsOf(subject, key);
    const dy = normal(subject.plain(...inputs).shape, derive(key, "dy"));
    const value = (xs: tf.Tensor[]) => inner([dy], [subject.composite(...xs)]);
    const gradients = tf.grads(subject.composite)(inputs, dy);
    inputs.forEach((input, i) => {
      const direction = normal(input.shape, derive(key, "direction", i));
      const at = (step: number) =>
        value(inputs.map((x, j) => j === i ? tf.add(x, tf.mul(direction, step)) : x));
      const slope = inner([gradients[i]], [direction]);
      const size = Math.hypot(...tf.mul(gradients[i], direction).dataSync());
      const around = { step: STEP, below: at(-STEP), here: at(0), above: at(STEP) };
      assertSlope(`by input ${i}`, { slope, size }, around);
    });
  });

  Deno.test(`${name} leaves no tensor behind`, () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const sizes = { cells: 2, length: 3, heads: 2, head: 2, outputs: 3 };
      const subject = make(sizes, keyOf(1)), inputs = inputsOf(subject, keyOf(2));
      const held = tf.memory().numTensors;
      tf.tidy(() => void tf.grads(subject.composite)(inputs, subject.plain(...inputs)));
      assert.equal(tf.memory().numTensors, held);
    });
    assert.equal(tf.memory().numTensors, before);
  });
}

/** Small enough to stay on one side of nearly every kink, large enough for float32. */
const STEP = 2e-4;

/** Inner product, summed in doubles. */
function inner(a: readonly tf.Tensor[], b: readonly tf.Tensor[]): number {
  let sum = 0;
  a.forEach((x, i) => {
    const left = x.dataSync(), right = b[i].dataSync();
    for (let e = 0; e < left.length; e++) sum += left[e] * right[e];
  });
  return sum;
}

Deno.test("attention() pays no heed to what padded positions hold", () =>
  fc.assert(
    fc.property(sizes, key(), (sizes, key) => {
      tf.tidy(() => {
        const { cells, length, heads, head } = sizes, pad = padding(sizes, key);
        const shape = [cells * length, 3 * heads * head];
        const padded = tf.reshape(pad, [cells * length, 1]), shown = tf.sub(1, padded);
        const noise = tf.mul(normal(shape, derive(key, "noise")), 100);
        const seen = (projected: tf.Tensor) =>
          tf.mul(
            attention(matrix(projected), { padding: pad, heads, rate: 0 }, silence),
            shown,
          ).dataSync();
        const projected = normal(shape, key);
        assertClose(seen(tf.add(projected, tf.mul(noise, padded))), seen(projected), {});
      });
    }),
    { numRuns: 30 },
  ));

Deno.test("embedding() reads the rows of padding and gives them no gradient", () => {
  tf.tidy(() => {
    const table = tf.tensor2d([[1, 2], [3, 4], [5, 6]]);
    const ids = tf.tensor2d([[1, 0, 2], [1, 2, 2]], [2, 3], "int32");
    const padding = tf.tensor2d([[0, 0, 1], [0, 1, 1]]);
    const f = (table: tf.Tensor) => embedding(matrix(table), ids, padding);
    assertSame([...f(table).dataSync()], [3, 4, 1, 2, 5, 6, 3, 4, 5, 6, 5, 6]);
    const gradient = tf.grad(f)(table, tf.ones([6, 2]));
    assertSame([...gradient.dataSync()], [1, 1, 2, 2, 0, 0]);
  });
});

Deno.test("maskedMeanSquare() of the parts of a batch adds up to that of the whole", () => {
  tf.tidy(() => {
    const prediction = tf.tensor2d([[1, 2], [3, 5]]), target = tf.tensor2d([[1, 4], [0, 4]]);
    const share = tf.tensor2d([[0, 1 / 3], [1 / 3, 1 / 3]]);
    const of = (from: number, rows: number) => {
      const cut = (x: tf.Tensor2D) => tf.slice(x, [from, 0], [rows, 2]);
      return maskedMeanSquare(cut(prediction), cut(target), cut(share)).dataSync()[0];
    };
    // Errors 2, 3 and 1: (4 + 9 + 1) / 3.
    assertClose([of(0, 2), of(0, 1) + of(1, 1)], [14 / 3, 14 / 3], { relative: 1e-6 });
  });
});

Deno.test("dropout() leaves everything as it is where there is no noise", () => {
  const x = tf.tensor2d([[1, 2]]);
  assert.equal(dropout(x, 0.5, silence), x);
  x.dispose();
});

Deno.test("detach() passes values and stops gradients", () => {
  tf.tidy(() => {
    const x = tf.tensor1d([2, 3]);
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => tf.mul(x, detach(x)))(x);
    assertSame([...value.dataSync()], [4, 9]);
    // Half of the gradient of x².
    assertSame([...grad.dataSync()], [2, 3]);
    assert.throws(() => tf.grad((x) => detach(x))(x), /gradient/i);
  });
});
