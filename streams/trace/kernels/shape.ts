/**
 * Operations that move elements without changing them.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import {
  expanded,
  type Inputs,
  integers,
  type Kernels,
  measured,
  node,
  operand,
  reread,
  sameShape,
  storedShape,
  type Traced,
  uniform,
  valueOf,
  whole,
} from "../traced.ts";

/** Reads the elements, in row-major order, as another shape of the same size. */
export function reshape(graph: GraphBuilder, x: Traced, shape: readonly number[]): Traced {
  if (sameShape(x.shape, shape)) return x;
  const { value } = x;
  if (value.kind !== "node") return reread(x, shape);
  // Axes of length 1 come and go while the value still repeats along others.
  const long = (lengths: readonly number[]) => lengths.filter((length) => length !== 1);
  if (sameShape(long(x.shape), long(shape))) {
    const lengths = value.stored.filter((_, axis) => x.shape[axis] !== 1);
    let next = 0;
    const stored = shape.map((length) => length === 1 ? 1 : lengths[next++]);
    const name = graph.add("Reshape", [value.name, integers(graph, stored)]);
    return node(name, x.dtype, shape, stored);
  }
  const name = graph.add("Reshape", [whole(graph, x), integers(graph, shape)]);
  return node(name, x.dtype, shape);
}

/** Puts axis `perm[i]` of `x` at axis `i`. */
export function transpose(graph: GraphBuilder, x: Traced, perm: readonly number[]): Traced {
  const shape = perm.map((axis) => x.shape[axis]);
  const from = storedShape(x), stored = perm.map((axis) => from[axis]);
  const moved = perm.filter((axis) => from[axis] !== 1);
  const inOrder = moved.every((axis, i) => i === 0 || axis > moved[i - 1]);
  if (inOrder && sameShape(stored, from)) return reread(x, shape);
  const name = inOrder
    ? graph.add("Reshape", [operand(graph, x), integers(graph, stored)])
    : graph.add("Transpose", [operand(graph, x)], { perm });
  return node(name, x.dtype, shape, stored);
}

/** The elements from `begin`, `size` of them along each axis, every `strides`-th. */
export function slice(
  graph: GraphBuilder,
  x: Traced,
  { begin, size, strides = begin.map(() => 1) }: {
    readonly begin: readonly number[];
    readonly size: readonly number[];
    readonly strides?: readonly number[];
  },
): Traced {
  const value = valueOf(x);
  if (value !== undefined) return uniform(value, size, x.dtype);
  const stored = storedShape(x);
  const cut = begin.map((_, axis) => axis)
    .filter((axis) => stored[axis] !== 1 && (begin[axis] !== 0 || size[axis] !== stored[axis]));
  const lengths = size.map((length, axis) => stored[axis] === 1 ? 1 : length);
  if (cut.length === 0 && strides.every((stride) => stride === 1)) return reread(x, size);
  // A negative stride may end before the first element, which no index names.
  const end = (axis: number) => {
    const last = begin[axis] + strides[axis] * size[axis];
    return last < 0 ? -(2 ** 31) : last;
  };
  const axes = begin.map((_, axis) => axis).filter((axis) => stored[axis] !== 1);
  const name = graph.add("Slice", [
    operand(graph, x),
    integers(graph, axes.map((axis) => begin[axis])),
    integers(graph, axes.map(end)),
    integers(graph, axes),
    integers(graph, axes.map((axis) => strides[axis])),
  ]);
  return measured(graph, node(name, x.dtype, size, lengths));
}

function stridedSlice(graph: GraphBuilder, { x }: Inputs, attrs: tf.StridedSliceAttrs): Traced {
  const plan = tf.slice_util.sliceInfo(
    [...x.shape],
    attrs.begin,
    attrs.end,
    attrs.strides,
    attrs.beginMask,
    attrs.endMask,
    attrs.ellipsisMask,
    attrs.newAxisMask,
    attrs.shrinkAxisMask,
  );
  const { begin, end, strides } = plan;
  const size = begin.map((from, axis) => {
    const covered = (end[axis] - from) / strides[axis];
    return Math.max(0, Math.ceil(covered));
  });
  return reshape(graph, slice(graph, x, { begin, size, strides }), plan.finalShape);
}

/** The parts one after the other along `axis`. */
export function concat(graph: GraphBuilder, parts: readonly Traced[], axis: number): Traced {
  const at = axis < 0 ? axis + parts[0].shape.length : axis;
  const filled = parts.filter((part) => part.shape[at] > 0);
  if (filled.length === 1) return filled[0];
  const shape = [...parts[0].shape];
  shape[at] = parts.reduce((sum, part) => sum + part.shape[at], 0);
  const name = graph.add("Concat", filled.map((part) => whole(graph, part)), { axis: at });
  return measured(graph, node(name, parts[0].dtype, shape));
}

function split(graph: GraphBuilder, x: Traced, axis: number, sizes: readonly number[]): Traced[] {
  const shapeOf = (size: number) => x.shape.map((length, at) => at === axis ? size : length);
  const value = valueOf(x);
  if (value !== undefined) return sizes.map((size) => uniform(value, shapeOf(size), x.dtype));
  const names = graph.addMany(
    "Split",
    [whole(graph, x), integers(graph, sizes)],
    { axis },
    sizes.length,
  );
  return names.map((name, part) => node(name, x.dtype, shapeOf(sizes[part])));
}

function unpack(graph: GraphBuilder, { value }: Inputs, { axis }: tf.UnpackAttrs): Traced[] {
  const at = axis < 0 ? axis + value.shape.length : axis;
  const shape = value.shape.filter((_, i) => i !== at);
  const ones = Array.from({ length: value.shape[at] }, () => 1);
  return split(graph, value, at, ones).map((part) => reshape(graph, part, shape));
}

function expandDims(graph: GraphBuilder, x: Traced, dim: number): Traced {
  return reshape(graph, x, x.shape.toSpliced(dim < 0 ? x.shape.length + 1 + dim : dim, 0, 1));
}

function tile(graph: GraphBuilder, { x }: Inputs, { reps }: tf.TileAttrs): Traced {
  const shape = x.shape.map((length, axis) => length * reps[axis]);
  // Repeating an axis of length 1, or one that repeats already, only changes how it is read.
  const stored = storedShape(x);
  if (stored.every((length, axis) => length === 1 || reps[axis] === 1)) {
    return x.value.kind === "uniform"
      ? reread(x, shape)
      : node(operand(graph, x), x.dtype, shape, stored);
  }
  const name = graph.add("Tile", [whole(graph, x), integers(graph, reps)]);
  return node(name, x.dtype, shape);
}

/** `x` with `constantValue` before and after it, as often as `paddings` says for each axis. */
export function padded(
  graph: GraphBuilder,
  x: Traced,
  paddings: readonly (readonly number[])[],
  constantValue: number,
): Traced {
  const shape = x.shape.map((length, axis) => length + paddings[axis][0] + paddings[axis][1]);
  if (sameShape(shape, x.shape)) return x;
  if (valueOf(x) === constantValue) return reread(x, shape);
  // Axes without padding may still repeat.
  const longer = paddings.map(([before, after]) => before + after > 0);
  const needed = x.shape.map((length, axis) => longer[axis] ? length : 1);
  const stored = storedShape(x).map((length, axis) => longer[axis] ? shape[axis] : length);
  const name = graph.add("Pad", [
    expanded(graph, x, needed),
    integers(graph, [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]),
    graph.constant(x.dtype, [], [constantValue]),
  ]);
  return measured(graph, node(name, x.dtype, shape, stored));
}

function reverse(graph: GraphBuilder, { x }: Inputs, { dims }: tf.ReverseAttrs): Traced {
  const axes = tf.util.parseAxisParam(dims, [...x.shape]);
  const begin = x.shape.map((length, axis) => axes.includes(axis) ? length - 1 : 0);
  const strides = x.shape.map((_, axis) => axes.includes(axis) ? -1 : 1);
  return slice(graph, x, { begin, size: x.shape, strides });
}

/** tfjs kernels that move elements. */
export const shape: Kernels = {
  Reshape: (graph, { x }, { shape }: tf.ReshapeAttrs) =>
    reshape(graph, x, tf.util.inferFromImplicitShape(shape, tf.util.sizeFromShape([...x.shape]))),
  ExpandDims: (graph, { input }, { dim }: tf.ExpandDimsAttrs) => expandDims(graph, input, dim),
  Transpose: (graph, { x }, { perm }: tf.TransposeAttrs) => transpose(graph, x, perm),
  Concat: (graph, inputs, { axis }: tf.ConcatAttrs) => concat(graph, Object.values(inputs), axis),
  Pack: (graph, inputs, { axis }: tf.PackAttrs) =>
    concat(graph, Object.values(inputs).map((x) => expandDims(graph, x, axis)), axis),
  Unpack: unpack,
  SplitV: (graph, { x }, { numOrSizeSplits, axis }: tf.SplitVAttrs) => {
    const at = tf.util.parseAxisParam(axis, [...x.shape])[0];
    const sizes = typeof numOrSizeSplits === "number"
      ? Array.from({ length: numOrSizeSplits }, () => x.shape[at] / numOrSizeSplits)
      : numOrSizeSplits.map((size) =>
        size >= 0 ? size : x.shape[at] - numOrSizeSplits.reduce((a, b) => a + Math.max(b, 0), 0)
      );
    return split(graph, x, at, sizes);
  },
  Slice: (graph, { x }, attrs: tf.SliceAttrs) => {
    const info = { dataId: {}, shape: [...x.shape], dtype: x.dtype };
    const [begin, size] = tf.slice_util.parseSliceParams(info, attrs.begin, attrs.size);
    return slice(graph, x, { begin, size });
  },
  StridedSlice: stridedSlice,
  PadV2: (graph, { x }, { paddings, constantValue }: tf.PadV2Attrs) =>
    padded(graph, x, paddings, constantValue),
  Tile: tile,
  Reverse: reverse,
};
