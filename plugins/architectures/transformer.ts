import type * as tf from "@tensorflow/tfjs";
import { Schema } from "effect";
import type { Architecture, Shape } from "../../core/model/architecture.ts";
import {
  type Affine,
  affine,
  attention,
  dropout,
  layerNorm,
  linear,
} from "../../core/model/composites/mod.ts";
import { ExperimentError } from "../../core/errors.ts";
import {
  constantFill,
  linearWeights,
  matrixAndBias,
  normWeights,
  uniformFill,
  xavierFill,
} from "../../core/model/initial.ts";
import { architecture, setting } from "../../core/plugin.ts";
import type { Noise, WeightSpec } from "../../core/model/program.ts";
import {
  embedTokens,
  type Pooling,
  predictBoth,
  type ShellConfig,
  shellSettings,
  shellWeights,
} from "../../core/model/shell.ts";
import { Positive } from "../../core/quantities.ts";

/**
 * The transformer of the benchmark and of gene-incremental learning: post-norm layers as PyTorch
 * has them (Vaswani et al. 2017), ReLU, no encoding of positions. All layers begin with the same
 * weights, because PyTorch copies the first.
 */
export const transformer = architecture({
  id: "transformer",
  purpose: "reads each cell with self-attention; values predicted from positions and from the cell",
  config: {
    layers: setting(Positive, 6, "number of layers"),
    heads: setting(Positive, 8, "attention heads; must divide width"),
    feedForward: setting(
      Schema.NullOr(Positive),
      null,
      "width between the two linear layers that end each layer; null for width",
    ),
    dropout: setting(
      Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.99 })),
      0.15,
      "share dropped of attention weights, of the feed-forward layer and of both residual branches",
    ),
    pooling: setting(
      Schema.Literals(["cls", "mean"]),
      "cls",
      "cell embedding: the cell token, or the mean over all positions",
    ),
    ...shellSettings,
  },
  make: (config) => {
    const { width, heads, feedForward } = config;
    if (width % heads !== 0) {
      throw new ExperimentError({
        message: `Cannot build architecture "transformer" of width ${width} with ${heads} heads: ` +
          "the heads share the width equally; use a divisor",
      });
    }
    return (shape) => build({ ...config, feedForward: feedForward ?? width }, shape);
  },
});

interface Config extends ShellConfig {
  readonly heads: number;
  readonly feedForward: number;
  readonly dropout: number;
  readonly pooling: Pooling;
}

function build(config: Config, { genes }: Shape): Architecture {
  const { layers, width, pooling, maximum } = config;
  const layer = layerWeights(config);
  return {
    width,
    mixes: "cell",
    padding: pooling === "cls" ? "ignored" : "seen",
    weights: [
      ...shellWeights(genes, config),
      ...Array.from({ length: layers }, (_, i) =>
        layer.map((spec) => ({
          ...spec,
          name: `${layerName(i)}.${spec.name}`,
          twin: `${layerName(0)}.${spec.name}`,
        }))).flat(),
    ],
    predict(weights, tokens, noise) {
      const [cells] = tokens.genes.shape;
      const embedded = embedTokens(weights, tokens, maximum);
      let encoded = embedded.tokens;
      for (let i = 0; i < layers; i++) {
        const part = (name: string) => affine(weights, `${layerName(i)}.${name}`);
        encoded = encode(encoded, part, { config, padding: tokens.padding, noise });
      }
      return predictBoth(weights, { ...embedded, encoded, cells, pooling });
    },
  };
}

const layerName = (i: number): string => `encoder.layers.${i}`;

/** The weights of one layer as PyTorch begins them. */
function layerWeights({ width, feedForward }: Config): WeightSpec[] {
  return [
    ...matrixAndBias("self_attn.in_proj", [width, 3 * width], {
      weight: xavierFill(width, 3 * width),
      bias: constantFill(0),
    }),
    ...matrixAndBias("self_attn.out_proj", [width, width], {
      weight: uniformFill(1 / Math.sqrt(width)),
      bias: constantFill(0),
    }),
    ...linearWeights("linear1", width, feedForward),
    ...linearWeights("linear2", feedForward, width),
    ...normWeights("norm1", width),
    ...normWeights("norm2", width),
  ];
}

interface Surroundings {
  readonly config: Config;
  readonly padding: tf.Tensor2D;
  readonly noise: Noise;
}

/** One layer: x ← norm(x + attention(x)); x ← norm(x + feedForward(x)). */
function encode(
  x: tf.Tensor2D,
  part: (name: string) => Affine,
  { config, padding, noise }: Surroundings,
): tf.Tensor2D {
  const { heads, dropout: rate } = config;
  const projected = linear(x, part("self_attn.in_proj"));
  const gathered = attention(projected, { padding, heads, rate }, noise);
  const attended = linear(gathered, part("self_attn.out_proj"));
  const middle = layerNorm(x, part("norm1"), dropout(attended, rate, noise));

  const hidden = dropout(linear(middle, part("linear1"), "relu"), rate, noise);
  const fed = linear(hidden, part("linear2"));
  return layerNorm(middle, part("norm2"), dropout(fed, rate, noise));
}
