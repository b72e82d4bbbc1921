/**
 * Largest and mean values of windows, with their gradients.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import {
  type Inputs,
  type Kernels,
  node,
  operand,
  storedShape,
  type Traced,
  uniform,
} from "../traced.ts";
import { binary, broadcast, compare } from "./binary.ts";
import { cast, throughFloats } from "./unary.ts";
import { counts, type Sliding, slidingOf, unwindow, windowsOf } from "./windows.ts";

type PoolAttrs = Pick<tf.MaxPoolAttrs, "filterSize" | "strides" | "pad" | "dimRoundingMode">;

function slidingOver({ shape }: Traced, attrs: PoolAttrs): Sliding {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const input = [...shape] as [number, number, number, number];
  const { computePool2DInfo } = tf.backend_util;
  return slidingOf(computePool2DInfo(input, filterSize, strides, 1, pad, dimRoundingMode));
}

/** Smaller than all that could stand in a window. */
const LOWEST = -3.4028234663852886e38;

/** One operator over all places of the windows. */
function together(graph: GraphBuilder, op: "Max" | "Sum", parts: readonly Traced[]): Traced {
  if (parts.length === 1) return parts[0];
  const name = graph.add(op, parts.map((part) => operand(graph, part)));
  return node(name, "float32", parts[0].shape, parts.map(storedShape).reduce(broadcast));
}

const largest = (graph: GraphBuilder, { x }: Inputs, attrs: PoolAttrs): Traced =>
  throughFloats(
    graph,
    x,
    (x) => together(graph, "Max", windowsOf(graph, x, slidingOver(x, attrs), LOWEST)),
  );

/** To the first place of each window that holds its largest value, as tfjs and PyTorch have it. */
function towardsLargest(
  graph: GraphBuilder,
  { dy, input, output }: Inputs,
  attrs: PoolAttrs,
): Traced {
  const sliding = slidingOver(input, attrs), windows = windowsOf(graph, input, sliding, LOWEST);
  let free = uniform(1, output.shape);
  const parts = windows.map((part, i) => {
    const last = i === windows.length - 1;
    const here = last ? free : binary(graph, "Mul", free, equal(graph, part, output));
    free = binary(graph, "Sub", free, here);
    return binary(graph, "Mul", dy, here);
  });
  return unwindow(graph, parts, sliding);
}

const equal = (graph: GraphBuilder, a: Traced, b: Traced): Traced =>
  cast(graph, compare(graph, "Equal", a, b), "float32");

function mean(graph: GraphBuilder, { x }: Inputs, attrs: PoolAttrs): Traced {
  const sliding = slidingOver(x, attrs);
  const sums = together(graph, "Sum", windowsOf(graph, x, sliding));
  return binary(graph, "Mul", sums, shares(graph, sliding));
}

/**
 * Shares alike among the elements of each window. Where windows reach into padding, tfjs's own
 * backends in JavaScript divide by the window's size, which is not the gradient of their mean.
 */
function towardsAll(graph: GraphBuilder, { dy, input }: Inputs, attrs: PoolAttrs): Traced {
  const sliding = slidingOver(input, attrs);
  const part = binary(graph, "Mul", dy, shares(graph, sliding));
  const places = sliding.rows.places * sliding.columns.places;
  return unwindow(graph, Array.from({ length: places }, () => part), sliding);
}

/** One over the elements of each window, to be multiplied by. */
function shares(graph: GraphBuilder, sliding: Sliding): Traced {
  const all = counts(sliding).map((count) => 1 / count);
  const shape = [1, sliding.rows.windows, sliding.columns.windows, 1];
  if (all.every((share) => share === all[0])) return uniform(all[0], [1, 1, 1, 1]);
  return node(graph.constant("float32", shape, all), "float32", shape);
}

/** tfjs kernels of pools. */
export const pools: Kernels = {
  MaxPool: largest,
  MaxPoolGrad: towardsLargest,
  AvgPool: mean,
  AvgPoolGrad: towardsAll,
};
