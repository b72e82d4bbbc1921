/**
 * Convolutions over rows and columns, with their gradients.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import type { Inputs, Kernels, Traced } from "../traced.ts";
import { finished, type Fused } from "./fused.ts";
import { multiply } from "./linear.ts";
import { concat, reshape, slice, transpose } from "./shape.ts";
import { type Sliding, slidingOf, unwindow, windowsOf } from "./windows.ts";

/** What tfjs says of every convolution; gradients know no dilation. */
export type ConvolutionAttrs = Omit<tf.Conv2DAttrs, "dilations"> & {
  readonly dilations?: tf.Conv2DAttrs["dilations"];
};

/** Lays windows over an input of that shape. */
export function slidingFor(
  input: readonly number[],
  filter: readonly number[],
  attrs: ConvolutionAttrs,
  kind: "whole" | "by channel",
): Sliding {
  const info = tf.backend_util.computeConv2DInfo(
    [...input] as [number, number, number, number],
    [...filter] as [number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    kind === "by channel",
    tf.backend_util.convertConv2DDataFormat(attrs.dataFormat ?? "NHWC"),
  );
  return slidingOf(info);
}

type Format = "NHWC" | "NCHW" | undefined;

/** Channels last, whatever the format. */
export const inwards = (graph: GraphBuilder, x: Traced, format: Format): Traced =>
  format === "NCHW" ? transpose(graph, x, [0, 2, 3, 1]) : x;

/** Channels where the format has them. */
export const outwards = (graph: GraphBuilder, x: Traced, format: Format): Traced =>
  format === "NCHW" ? transpose(graph, x, [0, 3, 1, 2]) : x;

/** The last axis apart, all others as one. */
const rowsOf = (graph: GraphBuilder, x: Traced): Traced =>
  reshape(graph, x, [x.shape.slice(0, -1).reduce((a, b) => a * b, 1), x.shape.at(-1) ?? 1]);

/** All windows: windows × (places × channels). */
const columnsOf = (graph: GraphBuilder, x: Traced, sliding: Sliding): Traced =>
  rowsOf(graph, concat(graph, windowsOf(graph, x, sliding), 3));

/** Cells × rows × columns × channels of rows. */
function gridOf(
  graph: GraphBuilder,
  rows: Traced,
  cells: number,
  { rows: down, columns }: Sliding,
) {
  const channels = rows.shape[1];
  return reshape(graph, rows, [cells, down.windows, columns.windows, channels]);
}

/** The inputs of a window times the filter, whose places and channels are one axis. */
function convolve(graph: GraphBuilder, { x, filter }: Inputs, attrs: ConvolutionAttrs): Traced {
  const sliding = slidingFor(x.shape, filter.shape, attrs, "whole");
  const columns = columnsOf(graph, inwards(graph, x, attrs.dataFormat), sliding);
  const product = multiply(graph, { a: columns, b: rowsOf(graph, filter) }, PLAIN);
  return outwards(graph, gridOf(graph, product, x.shape[0], sliding), attrs.dataFormat);
}

const PLAIN = { transposeA: false, transposeB: false } as const;

/** The gradient by the input, which is also tfjs's transposed convolution. */
function towardsInput(
  graph: GraphBuilder,
  { dy, filter }: Inputs,
  attrs: tf.Conv2DBackpropInputAttrs,
): Traced {
  const sliding = slidingFor(attrs.inputShape, filter.shape, attrs, "whole");
  const rows = rowsOf(graph, inwards(graph, dy, attrs.dataFormat));
  const product = multiply(graph, { a: rows, b: rowsOf(graph, filter) }, {
    transposeA: false,
    transposeB: true,
  });
  const grid = gridOf(graph, product, dy.shape[0], sliding);
  const parts = channelBlocks(graph, grid, filter.shape[2]);
  return outwards(graph, unwindow(graph, parts, sliding), attrs.dataFormat);
}

/** The channels of a grid, cut to blocks of one width. */
function channelBlocks(graph: GraphBuilder, grid: Traced, width: number): Traced[] {
  const size = grid.shape.with(3, width);
  return Array.from(
    { length: grid.shape[3] / width },
    (_, block) => slice(graph, grid, { begin: [0, 0, 0, block * width], size }),
  );
}

/** The gradient by the filter. */
function towardsFilter(
  graph: GraphBuilder,
  { x, dy }: Inputs,
  attrs: tf.Conv2DBackpropFilterAttrs,
): Traced {
  const sliding = slidingFor(x.shape, attrs.filterShape, attrs, "whole");
  const columns = columnsOf(graph, inwards(graph, x, attrs.dataFormat), sliding);
  const rows = rowsOf(graph, inwards(graph, dy, attrs.dataFormat));
  const product = multiply(graph, { a: columns, b: rows }, { transposeA: true, transposeB: false });
  return reshape(graph, product, attrs.filterShape);
}

/** tfjs kernels of convolutions. */
export const convolutions: Kernels = {
  Conv2D: convolve,
  Conv2DBackpropInput: towardsInput,
  Conv2DBackpropFilter: towardsFilter,
  FusedConv2D: (graph, inputs, attrs: ConvolutionAttrs & Fused) =>
    finished(graph, convolve(graph, inputs, attrs), inputs, attrs),
};
