/**
 * Convolutions of each channel alone, with their gradients.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import { type Inputs, type Kernels, type Traced, uniform } from "../traced.ts";
import { binary } from "./binary.ts";
import { type ConvolutionAttrs, inwards, outwards, slidingFor } from "./convolution.ts";
import { finished, type Fused } from "./fused.ts";
import { reduce } from "./reduce.ts";
import { concat, reshape, slice } from "./shape.ts";
import { unwindow, windowsOf } from "./windows.ts";

/** Each place of a filter that has `channels` × `multiplier` numbers there. */
function placesOf(graph: GraphBuilder, filter: Traced): Traced[] {
  const [height, width, channels, multiplier] = filter.shape;
  return Array.from({ length: height * width }, (_, place) =>
    reshape(
      graph,
      slice(graph, filter, {
        begin: [Math.floor(place / width), place % width, 0, 0],
        size: [1, 1, channels, multiplier],
      }),
      [1, 1, 1, channels, multiplier],
    ));
}

const sum = (graph: GraphBuilder, terms: readonly Traced[]): Traced =>
  terms.reduce((a, b) => binary(graph, "Add", a, b), uniform(0, terms[0].shape));

/** Channels × multiplier apart, or as one axis again. */
const apart = (graph: GraphBuilder, x: Traced, multiplier: number): Traced =>
  reshape(graph, x, [...x.shape.slice(0, 3), x.shape[3] / multiplier, multiplier]);
const joined = (graph: GraphBuilder, x: Traced): Traced =>
  reshape(graph, x, [...x.shape.slice(0, 3), x.shape[3] * x.shape[4]]);

/** The sum, over the places of a window, of what stands there times the filter's number. */
function convolveChannels(
  graph: GraphBuilder,
  { x, filter }: Inputs,
  attrs: ConvolutionAttrs,
): Traced {
  const sliding = slidingFor(x.shape, filter.shape, attrs, "by channel");
  const weights = placesOf(graph, filter);
  const windows = windowsOf(graph, inwards(graph, x, attrs.dataFormat), sliding);
  const terms = windows.map((part, i) =>
    joined(graph, binary(graph, "Mul", apart(graph, part, 1), weights[i]))
  );
  return outwards(graph, sum(graph, terms), attrs.dataFormat);
}

/** The gradient by the input. */
function towardsInput(
  graph: GraphBuilder,
  { dy, filter }: Inputs,
  attrs: tf.DepthwiseConv2dNativeBackpropInputAttrs,
): Traced {
  const layout = { ...attrs, dataFormat: "NHWC" } as const;
  const sliding = slidingFor(attrs.inputShape, filter.shape, layout, "by channel");
  const along = apart(graph, dy, filter.shape[3]);
  const parts = placesOf(graph, filter).map((weight) =>
    reduce(graph, "ReduceSum", binary(graph, "Mul", along, weight), { axis: 4 })
  );
  return unwindow(graph, parts, sliding);
}

/** The gradient by the filter. */
function towardsFilter(
  graph: GraphBuilder,
  { x, dy }: Inputs,
  attrs: tf.DepthwiseConv2dNativeBackpropFilterAttrs,
): Traced {
  const layout = { ...attrs, dataFormat: "NHWC" } as const;
  const sliding = slidingFor(x.shape, attrs.filterShape, layout, "by channel");
  const [, , channels, multiplier] = attrs.filterShape;
  const along = apart(graph, dy, multiplier);
  const places = windowsOf(graph, x, sliding).map((part) => {
    const product = binary(graph, "Mul", apart(graph, part, 1), along);
    const place = reduce(graph, "ReduceSum", product, { axis: [0, 1, 2] });
    return reshape(graph, place, [1, channels, multiplier]);
  });
  return reshape(graph, concat(graph, places, 0), attrs.filterShape);
}

/** tfjs kernels of convolutions channel by channel. */
export const channelConvolutions: Kernels = {
  DepthwiseConv2dNative: convolveChannels,
  DepthwiseConv2dNativeBackpropInput: towardsInput,
  DepthwiseConv2dNativeBackpropFilter: towardsFilter,
  FusedDepthwiseConv2D: (graph, inputs, attrs: ConvolutionAttrs & Fused) =>
    finished(graph, convolveChannels(graph, inputs, attrs), inputs, attrs),
};
