import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { layoutOf, type Program } from "../core/model/program.ts";
import { keyOf, stream } from "../core/random.ts";
import { openEngine } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { bothEngines, type Compared } from "./both_engines.ts";
import { assertClose } from "./first_difference.ts";

/** Sizes of cells, windows and strides that rarely divide each other. */
const sizes = fc.record({
  cells: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 1, max: 7 }),
  width: fc.integer({ min: 1, max: 9 }),
  channels: fc.integer({ min: 1, max: 3 }),
  outputs: fc.integer({ min: 1, max: 4 }),
  down: fc.integer({ min: 1, max: 3 }),
  across: fc.integer({ min: 1, max: 5 }),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })),
  pad: fc.constantFrom<"same" | "valid" | number>("same", "valid", 0, 1, 2),
});

type Sizes = typeof sizes extends fc.Arbitrary<infer A> ? A : never;

/** Whether windows fit somewhere, and none lies in padding alone. */
function fits({ height, width, down, across, strides, pad }: Sizes): boolean {
  if (pad === "same") return true;
  const around = pad === "valid" ? 0 : pad;
  // TensorFlow.js counts windows of a given padding by the first stride and the first length.
  if (typeof pad === "number" && (strides[0] !== strides[1] || width + 2 * around < down)) {
    return false;
  }
  return around < Math.min(down, across) && height + 2 * around >= down &&
    width + 2 * around >= across;
}

/** Registers a law: the trace computes what TensorFlow.js does at all sizes that `make` accepts. */
function law(claim: string, make: (sizes: Sizes) => Compared | undefined): void {
  Deno.test(`trace() computes ${claim}`, async () => {
    const engines = await bothEngines();
    const property = fc.asyncProperty(sizes, async (sizes) => {
      const compared = make(sizes);
      fc.pre(compared !== undefined);
      await engines.same(compared);
    });
    // A fixed seed: ties that rounding decides are no fault of the trace.
    await fc.assert(property, { numRuns: 60, seed: 3 });
    await engines.close();
  });
}

type Grid = tf.Tensor4D;
type Shape4D = [number, number, number, number];

law("convolutions over rows and columns, forward and backward", (sizes) => {
  const { cells, height, width, channels, outputs, down, across, strides, pad } = sizes;
  if (!fits(sizes)) return undefined;
  return {
    shapes: { x: [cells, height, width, channels], filter: [down, across, channels, outputs] },
    results: ({ x, filter }) => ({ out: tf.conv2d(x as Grid, filter as Grid, strides, pad) }),
  };
});

law("convolutions of channels alone, forward and backward", (sizes) => {
  const { cells, height, width, channels, outputs, down, across, strides, pad } = sizes;
  if (!fits(sizes)) return undefined;
  return {
    shapes: { x: [cells, height, width, channels], filter: [down, across, channels, outputs] },
    results: ({ x, filter }) => ({
      out: tf.depthwiseConv2d(x as Grid, filter as Grid, strides, pad),
    }),
  };
});

law("convolutions along one axis, forward and backward", (sizes) => {
  const { cells, width, channels, outputs, across, strides: [stride] } = sizes;
  const pad = sizes.pad === "same" ? "same" : "valid";
  if (!fits({ ...sizes, down: 1, pad })) return undefined;
  return {
    shapes: { x: [cells, width, channels], filter: [across, channels, outputs] },
    results: ({ x, filter }) => ({
      out: tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, stride, pad),
    }),
  };
});

law("convolutions with a frame of its own on each side, forward and backward", (sizes) => {
  const { cells, height, width, channels, outputs, down, across, strides } = sizes;
  const pad: [number, number][] = [[0, 0], [1, 0], [2, across], [0, 0]];
  if (!fits({ ...sizes, pad: "valid" })) return undefined;
  return {
    shapes: { x: [cells, height, width, channels], filter: [down, across, channels, outputs] },
    results: ({ x, filter }) => ({
      out: tf.conv2d(x as Grid, filter as Grid, strides, pad as unknown as "valid"),
    }),
  };
});

law("transposed convolutions, forward and backward", (sizes) => {
  const { cells, height, width, channels, outputs, down, across, strides } = sizes;
  const pad = sizes.pad === "same" ? "same" : "valid";
  const grown = (length: number, window: number, stride: number) =>
    pad === "same" ? length * stride : (length - 1) * stride + Math.max(window, stride);
  const rows = grown(height, down, strides[0]), columns = grown(width, across, strides[1]);
  const shape: Shape4D = [cells, rows, columns, outputs];
  return {
    shapes: { x: [cells, height, width, channels], filter: [down, across, outputs, channels] },
    results: ({ x, filter }) => ({
      out: tf.conv2dTranspose(x as Grid, filter as Grid, shape, strides, pad),
    }),
  };
});

law("convolutions whose windows have gaps", (sizes) => {
  const { cells, height, width, channels, outputs, down, across, strides: gaps } = sizes;
  const far = { down: (down - 1) * gaps[0] + 1, across: (across - 1) * gaps[1] + 1 };
  // TensorFlow.js miscounts the windows of a given padding when they have gaps.
  const pad = sizes.pad === "same" ? "same" : "valid";
  if (!fits({ ...sizes, ...far, pad })) return undefined;
  return {
    // TensorFlow.js knows no gradient of these.
    purpose: "infer",
    shapes: { x: [cells, height, width, channels], filter: [down, across, channels, outputs] },
    results: ({ x, filter }) => ({
      whole: tf.conv2d(x as Grid, filter as Grid, 1, pad, "NHWC", gaps),
      byChannel: tf.depthwiseConv2d(x as Grid, filter as Grid, 1, pad, "NHWC", gaps),
      largest: tf.pool(x as Grid, [down, across], "max", pad, gaps, 1),
      means: tf.pool(x as Grid, [down, across], "avg", pad, gaps, 1),
    }),
  };
});

law("convolutions with bias and activation in one kernel", (sizes) => {
  const { cells, height, width, channels, outputs, down, across, strides, pad } = sizes;
  if (!fits(sizes)) return undefined;
  return {
    purpose: "infer",
    shapes: {
      x: [cells, height, width, channels],
      filter: [down, across, channels, outputs],
      bias: [outputs],
      wide: [outputs * channels],
    },
    results: ({ x, filter, bias, wide }) => {
      const given = { x: x as Grid, filter: filter as Grid, strides, pad };
      const activation = "leakyrelu", leakyreluAlpha = 0.3;
      return {
        whole: tf.fused.conv2d({ ...given, bias, activation, leakyreluAlpha }),
        byChannel: tf.fused.depthwiseConv2d({ ...given, bias: wide, activation, leakyreluAlpha }),
      };
    },
  };
});

for (const numbers of ["real", "whole"] as const) {
  // Of the largest that are equal, the first alone gets a gradient.
  law(`the largest values of windows, forward and backward, in ${numbers} numbers`, (sizes) => {
    const { cells, height, width, channels, down, across, strides, pad } = sizes;
    if (!fits(sizes)) return undefined;
    return {
      numbers,
      shapes: { x: [cells, height, width, channels] },
      results: ({ x }) => ({ out: tf.maxPool(x as Grid, [down, across], strides, pad) }),
    };
  });
}

law("the means of windows, forward and backward", (sizes) => {
  const { cells, height, width, channels, down, across, strides } = sizes;
  if (!fits({ ...sizes, pad: "valid" })) return undefined;
  return {
    shapes: { x: [cells, height, width, channels] },
    results: ({ x }) => ({ out: tf.avgPool(x as Grid, [down, across], strides, "valid") }),
  };
});

law("the means of windows that padding is left out of", (sizes) => {
  const { cells, height, width, channels, down, across, strides, pad } = sizes;
  if (!fits(sizes)) return undefined;
  return {
    purpose: "infer",
    shapes: { x: [cells, height, width, channels] },
    results: ({ x }) => ({ out: tf.avgPool(x as Grid, [down, across], strides, pad) }),
  };
});

law("a normalisation by given statistics, forward and backward", ({ cells, width, channels }) => ({
  shapes: {
    x: [cells, width, 1, channels],
    mean: [channels],
    spread: [channels],
    scale: [channels],
    offset: [channels],
  },
  results: ({ x, mean, spread, scale, offset }) => {
    const [m, o, s] = [mean, offset, scale] as tf.Tensor1D[];
    return {
      out: tf.batchNorm(x as Grid, m, tf.square(spread) as tf.Tensor1D, o, s, 0.1),
    };
  },
}));

law("blocks of space as cells, and back", ({ cells, height, width, channels, down, across }) => {
  const more = (length: number, block: number) => (block - length % block) % block;
  const padding = [[0, more(height, down)], [more(width, across), 0]];
  return {
    shapes: { x: [cells, height, width, channels] },
    results: ({ x }) => {
      const apart = tf.spaceToBatchND(x, [down, across], padding);
      return { apart, back: tf.batchToSpaceND(tf.tanh(apart), [down, across], padding) };
    },
  };
});

// TensorFlow.js in JavaScript divides this gradient by the window's size, padding included.
Deno.test("trace() leaves padding out of the gradient of means", async () => {
  const engine = await openEngine(openRuntime(1), 1);
  await fc.assert(
    fc.asyncProperty(sizes, async (sizes) => {
      const { cells, height, width, channels, down, across, strides, pad } = sizes;
      fc.pre(fits(sizes));
      const shape = [cells, height, width, channels], layout = layoutOf([{ name: "x", shape }]);
      const program: Program = {
        name: "means",
        purpose: "learn",
        inputs: {},
        apply: ({ x }) => {
          const means = tf.avgPool(x as Grid, [down, across], strides, pad);
          return { loss: tf.sum(tf.mul(means, tf.range(1, channels + 1))) };
        },
      };
      const state = engine.allocate(layout, "training"), random = stream(keyOf(5));
      const x = Float32Array.from({ length: layout.size }, () => random.normal());
      await state.write("weights", x);
      const { loss } = await (await engine.compile(program, layout)).run(state, {}, keyOf(0));
      // The sum is linear: what its gradient makes of the values is the sum itself.
      const gradient = await state.read("gradients");
      const again = gradient.reduce((sum, g, i) => sum + g * x[i], 0);
      assertClose([again], [loss[0]], { relative: 1e-4, absolute: 1e-4 });
    }),
    { numRuns: 40, seed: 3 },
  );
  await engine.close();
});
