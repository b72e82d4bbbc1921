import * as tf from "@tensorflow/tfjs";
import type { Architecture, Shape } from "../../core/model/architecture.ts";
import {
  convolveChannels,
  linear,
  rmsNorm,
  selectiveScan,
} from "../../core/model/composites/mod.ts";
import {
  constantFill,
  convolutionWeights,
  type Fill,
  matrixAndBias,
  matrixWeights,
  uniformFill,
} from "../../core/model/initial.ts";
import { architecture, setting } from "../../core/plugin.ts";
import type { Tensors, WeightSpec } from "../../core/model/program.ts";
import {
  embedTokens,
  predictBoth,
  type ShellConfig,
  shellSettings,
  shellWeights,
} from "../../core/model/shell.ts";
import { Positive } from "../../core/quantities.ts";

/** Numbers that each channel remembers by. */
const STATES = 4;
/** Positions that the convolution before the scan sees. */
const PLACES = 4;
/** Channels for each number of the model's width. */
const EXPANSION = 2;
/** Bounds of the step lengths that training begins with. */
const SHORTEST = 0.001, LONGEST = 0.1;

/**
 * The benchmark's state-space model (Gu and Dao, "Mamba", 2023): each position remembers the ones
 * before it. The cell embedding is the mean over all positions, as the cell token comes first and
 * sees nothing of its cell. Reads the order of positions, and padding.
 */
export const mamba = architecture({
  id: "mamba",
  purpose: "reads positions in turn, remembering by learned decays; cells are means of positions",
  config: { layers: setting(Positive, 6, "number of layers"), ...shellSettings },
  make: (config) => (shape) => build(config, shape),
});

function build(config: ShellConfig, { genes }: Shape): Architecture {
  const { layers, width, maximum } = config;
  return {
    width,
    mixes: "cell",
    weights: [
      ...shellWeights(genes, config),
      ...Array.from({ length: layers }, (_, i) => layerWeights(layerName(i), width)).flat(),
      scaleOf("encoder.norm_f", width),
    ],
    predict(weights, tokens) {
      const [cells] = tokens.genes.shape;
      const embedded = embedTokens(weights, tokens, maximum);
      let encoded = embedded.tokens;
      for (let i = 0; i < layers; i++) {
        const part = partsOf(weights, layerName(i));
        encoded = tf.add(encoded, mix(rmsNorm(encoded, part("norm.weight")), part, cells));
      }
      encoded = rmsNorm(encoded, weights["encoder.norm_f.weight"]);
      return predictBoth(weights, { ...embedded, encoded, cells, pooling: "mean" });
    },
  };
}

const layerName = (i: number): string => `encoder.layers.${i}`;

/** The weights of one layer by what follows the layer's name. */
type Part = (name: string) => tf.Tensor;

const partsOf = (weights: Tensors, layer: string): Part => (name) => weights[`${layer}.${name}`];

/** The weights of one layer as the published block begins them. */
function layerWeights(layer: string, width: number): WeightSpec[] {
  const { channels, rank } = sizesOf(width), mixer = `${layer}.mixer`;
  return [
    scaleOf(`${layer}.norm`, width),
    ...matrixWeights(`${mixer}.in_proj`, width, 2 * channels),
    ...convolutionWeights(`${mixer}.conv1d`, [PLACES, 1, channels]),
    ...matrixWeights(`${mixer}.x_proj`, channels, rank + 2 * STATES),
    ...matrixAndBias(`${mixer}.dt_proj`, [rank, channels], {
      weight: uniformFill(1 / Math.sqrt(rank)),
      bias: stepFill,
    }),
    { name: `${mixer}.A_log`, shape: [STATES, channels], fill: rateFill(channels) },
    { name: `${mixer}.D`, shape: [channels], fill: constantFill(1) },
    ...matrixWeights(`${mixer}.out_proj`, channels, width),
  ];
}

const scaleOf = (name: string, width: number): WeightSpec => ({
  name: `${name}.weight`,
  shape: [width],
  fill: constantFill(1),
});

/** Channels of a layer, and the numbers that their step lengths are made from. */
const sizesOf = (width: number) => ({
  channels: EXPANSION * width,
  rank: Math.ceil(width / 16),
});

/** What softplus makes step lengths of, evenly spread between the bounds on a logarithmic scale. */
const stepFill: Fill = (out, random) => {
  const low = Math.log(SHORTEST), high = Math.log(LONGEST);
  for (let i = 0; i < out.length; i++) {
    const step = Math.exp(low + random.uniform() * (high - low));
    out[i] = step + Math.log(-Math.expm1(-step));
  }
};

/** Logarithms of the rates 1, 2, … of the states, alike for all channels. */
const rateFill = (channels: number): Fill => (out) => {
  for (let i = 0; i < out.length; i++) out[i] = Math.log(1 + Math.floor(i / channels));
};

/** What each position takes from itself and from those before it; (cells × positions) × width. */
function mix(x: tf.Tensor2D, part: Part, cells: number): tf.Tensor2D {
  const [rows, width] = x.shape, { channels, rank } = sizesOf(width), length = rows / cells;
  const apart = (y: tf.Tensor): tf.Tensor3D => tf.reshape(y, [cells, length, y.size / rows]);
  const times = (y: tf.Tensor, name: string): tf.Tensor2D =>
    tf.matMul(y, part(`mixer.${name}.weight`) as tf.Tensor2D);
  const pair = (name: string) => ({
    weight: part(`mixer.${name}.weight`),
    bias: part(`mixer.${name}.bias`),
  });

  const [inner, gate] = tf.split<tf.Tensor2D>(times(x, "in_proj"), 2, 1);
  const windows = { padding: [PLACES - 1, 0], stride: 1 } as const;
  const read = silu(convolveChannels(apart(inner), pair("conv1d"), windows));

  const selected = times(tf.reshape(read, [rows, channels]), "x_proj");
  const [short, enter, leave] = tf.split<tf.Tensor2D>(selected, [rank, STATES, STATES], 1);
  const seen = selectiveScan({
    x: read,
    steps: apart(tf.softplus(linear(short, pair("dt_proj")))),
    rates: tf.neg(tf.exp(part("mixer.A_log"))) as tf.Tensor2D,
    enter: apart(enter),
    leave: apart(leave),
  });
  const all = tf.add(seen, tf.mul(read, part("mixer.D")));
  return times(tf.mul(tf.reshape(all, [rows, channels]), silu(gate)), "out_proj");
}

const silu = <T extends tf.Tensor>(x: T): T => tf.mul(x, tf.sigmoid(x));
