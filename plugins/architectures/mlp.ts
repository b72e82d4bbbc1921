import * as tf from "@tensorflow/tfjs";
import type { Architecture, Shape } from "../../core/model/architecture.ts";
import { affine, gelu, layerNorm, linear } from "../../core/model/composites/mod.ts";
import { linearWeights, normWeights } from "../../core/model/initial.ts";
import { architecture, setting } from "../../core/plugin.ts";
import type { Tensors } from "../../core/model/program.ts";
import {
  embedTokens,
  predictBoth,
  type ShellConfig,
  shellSettings,
  shellWeights,
} from "../../core/model/shell.ts";
import { Positive } from "../../core/quantities.ts";

/**
 * The benchmark's plain perceptron: every position is treated alone. The cell embedding is the mean
 * over all positions, as the cell token learns nothing of its cell.
 */
export const mlp = architecture({
  id: "mlp",
  purpose: "reads each gene alone; cells are the means of their positions",
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
      ...Array.from({ length: layers }, (_, i) => [
        ...linearWeights(`encoder.ffns.${i}.fc1`, width, width),
        ...linearWeights(`encoder.ffns.${i}.fc2`, width, width),
        ...normWeights(`encoder.layer_norms.${i}`, width),
      ]).flat(),
    ],
    predict(weights, tokens) {
      const [cells] = tokens.genes.shape;
      const embedded = embedTokens(weights, tokens, maximum);
      let encoded = embedded.tokens;
      for (let i = 0; i < layers; i++) encoded = encode(encoded, weights, i);
      return predictBoth(weights, { ...embedded, encoded, cells, pooling: "mean" });
    },
  };
}

/** One layer: x ← x + gelu(norm(linear(relu(linear(x))))). */
function encode(x: tf.Tensor2D, weights: Tensors, layer: number): tf.Tensor2D {
  const part = (name: string) => affine(weights, `encoder.ffns.${layer}.${name}`);
  const fed = linear(linear(x, part("fc1"), "relu"), part("fc2"));
  return tf.add(x, gelu(layerNorm(fed, affine(weights, `encoder.layer_norms.${layer}`))));
}
