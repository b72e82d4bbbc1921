import * as tf from "@tensorflow/tfjs";
import { Schema } from "effect";
import { ExperimentError } from "../../core/errors.ts";
import type { Architecture, Shape, TokenTensors } from "../../core/model/architecture.ts";
import {
  affine,
  batchNorm,
  convolve,
  detach,
  dropout,
  gelu,
  type Order,
  orderBy,
  poolLargest,
  rearrange,
  undone,
} from "../../core/model/composites/mod.ts";
import { batchNormWeights, convolutionWeights } from "../../core/model/initial.ts";
import { architecture, setting } from "../../core/plugin.ts";
import type { Noise, Tensors } from "../../core/model/program.ts";
import {
  embedTokens,
  recallValues,
  type ShellConfig,
  shellSettings,
  shellWeights,
} from "../../core/model/shell.ts";
import { Positive } from "../../core/quantities.ts";
import { clsId } from "../../core/tokens.ts";

/** Places in a window. */
const PLACES = 9;

/** Every so many layers keep all positions, the first to begin with; the others keep half. */
const CYCLE = 6;

/**
 * The benchmark's convolutional networks: windows over neighbouring positions, half as many positions
 * after each layer but the first, means over what is left. With order "vocabulary" it is the
 * benchmark's own: genes lie in the order of the vocabulary, so that families are neighbours where it
 * is alphabetical. Values are predicted from the cell embedding alone, so `mlm` repeats `mvc` and has
 * no gradient. Reads padding.
 */
export const cnn = architecture({
  id: "cnn",
  purpose: "reads neighbouring positions by convolutions, halving the positions layer by layer",
  config: {
    layers: setting(Positive, 6, "number of layers"),
    order: setting(
      Schema.Literals(["given", "vocabulary"]),
      "given",
      "which genes are neighbours: as the sampler left them, or by their place in the vocabulary",
    ),
    dropout: setting(
      Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.99 })),
      0.15,
      "share dropped of what each convolution adds",
    ),
    ...shellSettings,
  },
  make: (config) => (shape) => build(config, shape),
});

interface Config extends ShellConfig {
  readonly order: "given" | "vocabulary";
  readonly dropout: number;
}

function build(config: Config, shape: Shape): Architecture {
  const { layers, width, maximum, order } = config, { genes, length } = shape;
  refuseOddLengths(layers, length);
  return {
    width,
    mixes: "batch",
    mlm: "repeated",
    weights: [
      ...shellWeights(genes, config),
      ...Array.from({ length: layers }, (_, i) => [
        ...convolutionWeights(`${layerName(i)}.conv`, [PLACES, width, width]),
        ...batchNormWeights(`${layerName(i)}.bn`, width),
      ]).flat(),
    ],
    predict(weights, tokens, noise) {
      const [cells] = tokens.genes.shape;
      const arrangement = order === "vocabulary" ? vocabularyOrder(tokens, genes) : undefined;
      const embedded = embedTokens(weights, arranged(tokens, arrangement), maximum);
      let encoded: tf.Tensor3D = tf.reshape(embedded.tokens, [cells, length, width]);
      let next: Tensors = {};
      for (let i = 0; i < layers; i++) {
        const layer = encode(encoded, { weights, layer: i, rate: config.dropout, noise });
        encoded = layer.value;
        next = { ...next, ...layer.next };
      }
      const embeddings = tf.mean<tf.Tensor2D>(encoded, 1);
      const recalled = recallValues(weights, embedded.genes, embeddings);
      const mvc = arrangement ? rearrange(recalled, undone(arrangement)) : recalled;
      return { mlm: detach(mvc), mvc, cells: embeddings, ...(noise.training ? { next } : {}) };
    },
  };
}

const layerName = (i: number): string => `encoder.layers.${i}`;
const strideOf = (layer: number): number => layer % CYCLE === 0 ? 1 : 2;

/** The way around a convolution takes one position of each two, so there must be two. */
function refuseOddLengths(layers: number, length: number): void {
  const strides = Array.from({ length: layers }, (_, i) => strideOf(i));
  const whole = strides.reduce((a, b) => a * b, 1);
  if (length % whole === 0) return;
  const nearest = Math.max(1, Math.round(length / whole)) * whole;
  throw new ExperimentError({
    message: `Cannot build architecture "cnn" of ${layers} layers for ${length} positions: ` +
      `they are halved ${Math.log2(whole)} times; use ${nearest}, that is ${nearest - 1} genes ` +
      "and the cell token",
  });
}

/** The cell token first, genes by their ids, padding last. */
function vocabularyOrder({ genes, padding }: TokenTensors, count: number): Order {
  const first = tf.cast(tf.equal(genes, clsId(count)), "int32");
  const last = tf.cast(padding, "int32"), beyond = clsId(count) + 1;
  const shifts = tf.mul(tf.sub(last, first), tf.scalar(beyond, "int32"));
  return orderBy(tf.add(genes, shifts));
}

const arranged = (tokens: TokenTensors, order: Order | undefined): TokenTensors =>
  order === undefined ? tokens : {
    genes: tf.gather(tokens.genes, order.positions, 1, 1),
    input: tf.gather(tokens.input, order.positions, 1, 1),
    padding: tf.gather(tokens.padding, order.positions, 1, 1),
  };

interface Surroundings {
  readonly weights: Tensors;
  readonly layer: number;
  readonly rate: number;
  readonly noise: Noise;
}

/** One layer: x ← dropout(gelu(norm(convolution(x)))) + the largest of as many neighbours. */
function encode(x: tf.Tensor3D, { weights, layer, rate, noise }: Surroundings) {
  const name = layerName(layer), stride = strideOf(layer), reach = (PLACES - 1) / 2;
  const windows = { padding: [reach, reach], stride } as const;
  const sums = convolve(x, affine(weights, `${name}.conv`), windows);
  const [cells, left, width] = sums.shape;
  const rows: tf.Tensor2D = tf.reshape(sums, [cells * left, width]);
  const normal = batchNorm(rows, weights, `${name}.bn`, noise);
  const added = tf.reshape(dropout(gelu(normal.value), rate, noise), sums.shape);
  return { value: tf.add<tf.Tensor3D>(added, poolLargest(x, stride)), next: normal.next };
}
