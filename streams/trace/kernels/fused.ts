/**
 * What follows products and convolutions that tfjs runs as one kernel with it.
 *
 * @module
 */

import type { GraphBuilder } from "../graph.ts";
import type { Inputs, Traced } from "../traced.ts";
import { binary } from "./binary.ts";
import { activate } from "./elementwise.ts";

/** What tfjs says of it. */
export interface Fused {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

/** A product or convolution with its bias and activation. */
export function finished(graph: GraphBuilder, x: Traced, inputs: Inputs, attrs: Fused): Traced {
  const { bias, preluActivationWeights: slope } = inputs;
  const shifted = bias ? binary(graph, "Add", x, bias) : x;
  return activate(graph, shifted, attrs.activation ?? "linear", {
    alpha: attrs.leakyreluAlpha ?? 0.2,
    ...(slope && { slope }),
  });
}
