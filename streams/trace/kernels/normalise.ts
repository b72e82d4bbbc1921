/**
 * Normalisation by given means and variances.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { type Kernels, uniform } from "../traced.ts";
import { binary } from "./binary.ts";
import { unary } from "./unary.ts";

/** tfjs kernels that normalise. */
export const normalisations: Kernels = {
  FusedBatchNorm: (graph, inputs, { varianceEpsilon }: tf.FusedBatchNormAttrs) => {
    const { x, mean, variance, scale, offset } = inputs;
    const shifted = binary(graph, "Add", variance, uniform(varianceEpsilon, []));
    const deviation = unary(graph, "Sqrt", shifted);
    const normal = binary(graph, "Div", binary(graph, "Sub", x, mean), deviation);
    const scaled = scale ? binary(graph, "Mul", normal, scale) : normal;
    return offset ? binary(graph, "Add", scaled, offset) : scaled;
  },
};
