import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  batchNorm,
  convolve,
  convolveChannels,
  gelu,
  orderBy,
  poolLargest,
  poolMeans,
  rearrange,
  recurrence,
  rmsNorm,
  selectiveScan,
  undone,
} from "../core/model/composites/mod.ts";
import type { Tensors } from "../core/model/program.ts";
import { derive, type Key, keyOf, stream } from "../core/random.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { key } from "./laws/arbitraries.ts";

tf.enableProdMode();
await tf.setBackend("cpu");

/** Small sizes of everything. */
const sizes = fc.record({
  cells: fc.integer({ min: 1, max: 3 }),
  length: fc.integer({ min: 1, max: 11 }),
  width: fc.integer({ min: 1, max: 4 }),
  states: fc.integer({ min: 1, max: 3 }),
});

type Sizes = typeof sizes extends fc.Arbitrary<infer A> ? A : never;
type Function = (...xs: tf.Tensor[]) => tf.Tensor;

/** A composite beside the same written in plain operations. */
interface Subject {
  /** Shapes of what it is differentiated by. */
  readonly shapes: readonly number[][];
  readonly composite: Function;
  readonly plain: Function;
}

function normal(shape: readonly number[], key: Key): tf.Tensor {
  const random = stream(key), size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(Float32Array.from({ length: size }, () => random.normal()), [...shape]);
}

/** A batch norm with running statistics that are far from those of the batch. */
const norm = (statistics: "batch" | "running") => ({ length, width }: Sizes): Subject => {
  const running = { "bn.running_mean": tf.fill([width], 2), "bn.running_var": tf.fill([width], 9) };
  return {
    shapes: [[length + 1, width], [width], [width]],
    composite: (x, weight, bias) => {
      const weights = { ...running, "bn.weight": weight, "bn.bias": bias };
      const noise = { training: statistics === "batch" };
      return batchNorm(x as tf.Tensor2D, weights, "bn", noise).value;
    },
    plain: (x, weight, bias) => {
      const { mean, variance } = statistics === "batch"
        ? tf.moments(x, 0)
        : { mean: tf.scalar(2), variance: tf.scalar(9) };
      const normal = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
      return tf.add(tf.mul(normal, weight), bias);
    },
  };
};

/** States one after the other, cells × positions × width. */
function plainRecurrence(decay: tf.Tensor, input: tf.Tensor): tf.Tensor {
  const [cells, length, width] = input.shape;
  const states: tf.Tensor[] = [];
  let state: tf.Tensor = tf.zeros([cells, 1, width]);
  for (let p = 0; p < length; p++) {
    const at = (x: tf.Tensor) => tf.slice(x, [0, p, 0], [cells, 1, width]);
    state = tf.add(tf.mul(at(decay), state), at(input));
    states.push(state);
  }
  return tf.concat(states, 1);
}

const subjects: Readonly<Record<string, (sizes: Sizes) => Subject>> = {
  "gelu()": ({ length, width }) => ({
    shapes: [[length, width]],
    composite: (x) => gelu(x),
    plain: (x) => tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.div(x, Math.SQRT2))))),
  }),
  "rmsNorm()": ({ length, width }) => ({
    shapes: [[length, width], [width]],
    composite: (x, weight) => rmsNorm(x as tf.Tensor2D, weight),
    plain: (x, weight) =>
      tf.mul(tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), 1, true), 1e-5))), weight),
  }),
  "batchNorm() of programs that learn": norm("batch"),
  "batchNorm() of programs that infer": norm("running"),
  "recurrence()": ({ cells, length, width }) => ({
    shapes: [[cells, length, width], [cells, length, width]],
    composite: (decay, input) => recurrence(tf.sigmoid(decay) as tf.Tensor3D, input as tf.Tensor3D),
    plain: (decay, input) => plainRecurrence(tf.sigmoid(decay), input),
  }),
  "recurrence() from after": ({ cells, length, width }) => ({
    shapes: [[cells, length, width], [cells, length, width]],
    composite: (decay, input) =>
      recurrence(tf.sigmoid(decay) as tf.Tensor3D, input as tf.Tensor3D, "from after"),
    plain: (decay, input) =>
      tf.reverse(plainRecurrence(tf.reverse(tf.sigmoid(decay), 1), tf.reverse(input, 1)), 1),
  }),
  "selectiveScan()": ({ cells, length, width, states }) => ({
    shapes: [
      [cells, length, width],
      [cells, length, width],
      [states, width],
      [cells, length, states],
      [cells, length, states],
    ],
    composite: (x, steps, rates, enter, leave) =>
      selectiveScan({
        x: x as tf.Tensor3D,
        steps: tf.softplus(steps) as tf.Tensor3D,
        rates: tf.neg(tf.exp(rates)) as tf.Tensor2D,
        enter: enter as tf.Tensor3D,
        leave: leave as tf.Tensor3D,
      }),
    plain: (x, steps, rates, enter, leave) => {
      const positive = tf.softplus(steps), negative = tf.neg(tf.exp(rates));
      const seen = Array.from({ length: states }, (_, state) => {
        const rate = tf.slice(negative, [state, 0], [1, width]);
        const at = (y: tf.Tensor) => tf.slice(y, [0, 0, state], [cells, length, 1]);
        const input = tf.mul(tf.mul(positive, x), at(enter));
        return tf.mul(plainRecurrence(tf.exp(tf.mul(positive, rate)), input), at(leave));
      });
      return tf.addN(seen);
    },
  }),
  "rearrange()": ({ cells, length }) => {
    const keys: tf.Tensor2D = tf.cast(tf.mul(normal([cells, length], keyOf(4)), 2), "int32");
    const order = orderBy(keys);
    return {
      shapes: [[cells, length]],
      composite: (x) => rearrange(x as tf.Tensor2D, order),
      plain: (x) => {
        const hot = tf.slice(tf.oneHot(order.positions, length + 1), [0, 0, 0], [
          cells,
          length,
          length,
        ]);
        return tf.reshape(tf.matMul(hot, tf.reshape(x, [cells, length, 1])), [cells, length]);
      },
    };
  },
  "poolMeans()": ({ cells, length, width, states }) => ({
    shapes: [[cells, length, width]],
    composite: (x) => poolMeans(tf.neg(x) as tf.Tensor3D, Math.min(length, states)),
    plain: (x) => {
      const count = Math.min(length, states);
      return tf.stack(
        Array.from({ length: count }, (_, i) => {
          const from = Math.floor(i * length / count), to = Math.ceil((i + 1) * length / count);
          return tf.mean(tf.slice(tf.neg(x), [0, from, 0], [cells, to - from, width]), 1);
        }),
        1,
      );
    },
  }),
  "poolLargest()": ({ cells, length, width }) => ({
    shapes: [[cells, 2 * length, width]],
    composite: (x) => poolLargest(x as tf.Tensor3D, 2),
    plain: (x) => tf.max(tf.reshape(x, [cells, length, 2, width]), 2),
  }),
  "convolve()": ({ cells, length, width, states }) => ({
    shapes: [[cells, length, width], [3, width, states], [states]],
    composite: (x, weight, bias) =>
      convolve(x as tf.Tensor3D, { weight, bias }, { padding: [1, 1], stride: 2 }),
    plain: (x, weight, bias) => {
      const windows = Array.from({ length: Math.ceil(length / 2) }, (_, window) => {
        const framed = tf.pad(x, [[0, 0], [1, 2], [0, 0]]);
        const read = tf.slice(framed, [0, 2 * window, 0], [cells, 3, width]);
        const row = tf.reshape(read, [cells, 3 * width]);
        return tf.add(tf.matMul(row, tf.reshape(weight, [3 * width, states])), bias);
      });
      return tf.stack(windows, 1);
    },
  }),
  "convolveChannels()": ({ cells, length, width }) => ({
    shapes: [[cells, length, width], [3, 1, width], [width]],
    composite: (x, weight, bias) =>
      convolveChannels(x as tf.Tensor3D, { weight, bias }, { padding: [2, 0], stride: 1 }),
    plain: (x, weight, bias) => {
      const framed = tf.pad(x, [[0, 0], [2, 0], [0, 0]]);
      const terms = [0, 1, 2].map((place) =>
        tf.mul(
          tf.slice(framed, [0, place, 0], [cells, length, width]),
          tf.slice(weight, [place, 0, 0], [1, 1, width]),
        )
      );
      return tf.add(tf.addN(terms), bias);
    },
  }),
};

for (const [name, make] of Object.entries(subjects)) {
  Deno.test(`${name} is what plain operations make it, and so are its gradients`, () =>
    fc.assert(
      fc.property(sizes, key(), (sizes, key) => {
        tf.tidy(() => {
          const { shapes, composite, plain } = make(sizes);
          const inputs = shapes.map((shape, i) => normal(shape, derive(key, "input", i)));
          const dy = normal(plain(...inputs).shape, derive(key, "dy"));
          const [actual, expected] = [composite, plain].map((f) => {
            const { value, grads } = tf.valueAndGrads(f)(inputs, dy);
            return [value, ...grads].map((x) => ({ shape: x.shape, values: x.dataSync() }));
          });
          assertClose(actual, expected, { relative: 1e-4, absolute: 1e-4 });
        });
      }),
      { numRuns: 25 },
    ));
}

Deno.test("recurrence() stays finite where decays underflow", () => {
  tf.tidy(() => {
    const states = recurrence(tf.fill([1, 400, 1], 1e-30), tf.ones([1, 400, 1]));
    assertSame([...states.dataSync()], new Array(400).fill(1));
  });
});

Deno.test("batchNorm() moves the running statistics a tenth of the way", () => {
  tf.tidy(() => {
    const weights: Tensors = {
      "bn.weight": tf.tensor1d([1]),
      "bn.bias": tf.tensor1d([0]),
      "bn.running_mean": tf.tensor1d([10]),
      "bn.running_var": tf.tensor1d([20]),
    };
    // Mean 2, unbiased variance 4.
    const { next } = batchNorm(tf.tensor2d([[0], [2], [4]]), weights, "bn", { training: true });
    const moved = Object.entries(next).map(([name, value]) => [name, value.dataSync()[0]]);
    assertClose(Object.fromEntries(moved), { "bn.running_mean": 9.2, "bn.running_var": 18.4 }, {
      relative: 1e-6,
    });
    assert.deepEqual(
      batchNorm(tf.tensor2d([[0]]), weights, "bn", { training: false }).next,
      {},
    );
  });
});

Deno.test("orderBy() sorts, keeps ties as they stand, and finds its way back", () =>
  fc.assert(
    fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 9 }), (keys) => {
      tf.tidy(() => {
        const order = orderBy(tf.tensor2d([keys], [1, keys.length], "int32"));
        const sorted = keys.map((_, i) => i).toSorted((a, b) => keys[a] - keys[b]);
        assertSame([...order.positions.dataSync()], sorted);
        const back = rearrange(tf.tensor2d([sorted.map((i) => keys[i])]), undone(order));
        assertSame([...back.dataSync()], keys);
      });
    }),
  ));
