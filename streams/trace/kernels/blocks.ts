/**
 * Blocks of space as more cells, and back: how tfjs dilates pools.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import type { Inputs, Kernels, Traced } from "../traced.ts";
import { padded, reshape, slice, transpose } from "./shape.ts";

/** Every place in a block becomes cells of its own: blocks × cells × places × the rest. */
function toCells(graph: GraphBuilder, { x }: Inputs, attrs: tf.SpaceToBatchNDAttrs): Traced {
  const { blockShape: block, paddings } = attrs, depth = block.length;
  const around = x.shape.map((_, axis) => paddings[axis - 1] ?? [0, 0]);
  const full = padded(graph, x, around, 0);
  const [cells, ...lengths] = full.shape, rest = lengths.slice(depth);
  const places = block.map((size, i) => lengths[i] / size);
  const apart = reshape(graph, full, [
    cells,
    ...block.flatMap((size, i) => [places[i], size]),
    ...rest,
  ]);
  const moved = transpose(graph, apart, [
    ...block.map((_, i) => 2 * i + 2),
    0,
    ...block.map((_, i) => 2 * i + 1),
    ...rest.map((_, i) => 2 * depth + 1 + i),
  ]);
  const count = block.reduce((a, b) => a * b, cells);
  return reshape(graph, moved, [count, ...places, ...rest]);
}

/** The way back, without what is cropped. */
function toSpace(graph: GraphBuilder, { x }: Inputs, attrs: tf.BatchToSpaceNDAttrs): Traced {
  const { blockShape: block, crops } = attrs, depth = block.length;
  const cells = x.shape[0] / block.reduce((a, b) => a * b, 1);
  const places = x.shape.slice(1, depth + 1), rest = x.shape.slice(depth + 1);
  const apart = reshape(graph, x, [...block, cells, ...places, ...rest]);
  const moved = transpose(graph, apart, [
    depth,
    ...block.flatMap((_, i) => [depth + 1 + i, i]),
    ...rest.map((_, i) => 2 * depth + 1 + i),
  ]);
  const lengths = places.map((length, i) => length * block[i]);
  return slice(graph, reshape(graph, moved, [cells, ...lengths, ...rest]), {
    begin: [0, ...crops.map(([before]) => before), ...rest.map(() => 0)],
    size: [cells, ...lengths.map((length, i) => length - crops[i][0] - crops[i][1]), ...rest],
  });
}

/** tfjs kernels that trade space for cells. */
export const blocks: Kernels = { SpaceToBatchND: toCells, BatchToSpaceND: toSpace };
