import * as tf from "@tensorflow/tfjs";
import type { Architecture, Shape } from "../../core/model/architecture.ts";
import {
  affine,
  batchNorm,
  detach,
  gelu,
  linear,
  poolMeans,
} from "../../core/model/composites/mod.ts";
import { batchNormWeights, linearWeights } from "../../core/model/initial.ts";
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

/**
 * The benchmark's own perceptron (its equation 5): each layer mixes features, then positions, of which
 * it leaves half; the last leaves one, the cell embedding. Values are predicted from that alone, so
 * `mlm` repeats `mvc` and has no gradient. Reads padding, and the order of positions.
 */
export const mlpOurs = architecture({
  id: "mlp-ours",
  purpose:
    "mixes features and positions by turns, halving the positions down to one cell embedding",
  config: { layers: setting(Positive, 6, "number of layers"), ...shellSettings },
  make: (config) => (shape) => build(config, shape),
});

function build(config: ShellConfig, { genes, length }: Shape): Architecture {
  const { width, maximum } = config, lengths = lengthsOf(config.layers, length);
  return {
    width,
    mixes: "batch",
    mlm: "repeated",
    weights: [
      ...shellWeights(genes, config),
      ...lengths.slice(1).flatMap((left, i) => [
        ...linearWeights(`${layerName(i)}.linear_channel`, width, width),
        ...linearWeights(`${layerName(i)}.linear_seq`, lengths[i], left),
        ...batchNormWeights(`${layerName(i)}.bn`, width),
      ]),
    ],
    predict(weights, tokens, noise) {
      const [cells] = tokens.genes.shape;
      const embedded = embedTokens(weights, tokens, maximum);
      let encoded: tf.Tensor3D = tf.reshape(embedded.tokens, [cells, length, width]);
      let next: Tensors = {};
      lengths.slice(1).forEach((left, i) => {
        const layer = encode(encoded, left, { weights, name: layerName(i), noise });
        encoded = layer.value;
        next = { ...next, ...layer.next };
      });
      const embeddings = tf.reshape<tf.Rank.R2>(encoded, [cells, width]);
      const mvc = recallValues(weights, embedded.genes, embeddings);
      return { mlm: detach(mvc), mvc, cells: embeddings, ...(noise.training ? { next } : {}) };
    },
  };
}

const layerName = (i: number): string => `encoder.layers.${i}`;

/** Positions before each layer and after the last. */
function lengthsOf(layers: number, length: number): number[] {
  const lengths = [length];
  for (let i = 1; i < layers; i++) lengths.push(Math.max(1, Math.floor(lengths[i - 1] / 2)));
  return [...lengths, 1];
}

interface Surroundings {
  readonly weights: Tensors;
  readonly name: string;
  readonly noise: Noise;
}

/** One layer: x ← gelu(norm(mix positions(mix features(x)))) + means of x over stretches of positions. */
function encode(x: tf.Tensor3D, left: number, { weights, name, noise }: Surroundings) {
  const [cells, length, width] = x.shape;
  const rows: tf.Tensor2D = tf.reshape(x, [cells * length, width]);
  const features = linear(rows, affine(weights, `${name}.linear_channel`));
  const mixed = mixPositions(tf.reshape(features, x.shape), affine(weights, `${name}.linear_seq`));
  const normal = batchNorm(tf.reshape(mixed, [cells * left, width]), weights, `${name}.bn`, noise);
  const shaped: tf.Tensor3D = tf.reshape(gelu(normal.value), [cells, left, width]);
  return { value: tf.add<tf.Tensor3D>(shaped, poolMeans(x, left)), next: normal.next };
}

/** A linear layer over the positions of each feature; cells × fewer positions × width. */
function mixPositions(x: tf.Tensor3D, layer: ReturnType<typeof affine>): tf.Tensor3D {
  const [cells, length, width] = x.shape;
  const byFeature: tf.Tensor2D = tf.reshape(tf.transpose(x, [0, 2, 1]), [cells * width, length]);
  const mixed = linear(byFeature, layer);
  return tf.transpose(tf.reshape(mixed, [cells, width, mixed.shape[1]]), [0, 2, 1]);
}
