/**
 * Operations that read or write rows by index. Indices must lie within the axis.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import {
  type Inputs,
  integers,
  type Kernels,
  node,
  type TensorType,
  type Traced,
  uniform,
  valueOf,
  whole,
} from "../traced.ts";
import { binary } from "./binary.ts";
import { cast, cast64, counted } from "./unary.ts";

function gather(graph: GraphBuilder, { x, indices }: Inputs, attrs: tf.GatherV2Attrs): Traced {
  const { batchDims } = attrs, [axis] = tf.util.parseAxisParam(attrs.axis, [...x.shape]);
  const shape = [
    ...x.shape.slice(0, axis),
    ...indices.shape.slice(batchDims),
    ...x.shape.slice(axis + 1),
  ];
  const value = valueOf(x);
  if (value !== undefined) return uniform(value, shape, x.dtype);
  const rows = whole(graph, x), ids = whole(graph, indices);
  if (batchDims === 0) return node(graph.add("Gather", [rows, ids], { axis }), x.dtype, shape);
  if (axis !== batchDims) {
    throw new RangeError(
      `Cannot trace GatherV2 with axis ${axis} and ${batchDims} batch axes: they must be equal`,
    );
  }
  // GatherND reads one index vector a row, of length 1 here.
  const column = graph.add("Reshape", [
    cast64(graph, ids),
    integers(graph, [...indices.shape, 1]),
  ]);
  const name = graph.add("GatherND", [rows, column], { batch_dims: batchDims });
  return node(name, x.dtype, shape);
}

/**
 * Adds rows that have the same id. ONNX Runtime's quick way, ScatterND, loses sums where two threads
 * meet the same row; ScatterElements is right and slow, so an engine may add the rows up itself.
 */
function segmentSum(
  graph: GraphBuilder,
  { x: given, segmentIds }: Inputs,
  { numSegments }: tf.UnsortedSegmentSumAttrs,
): Traced {
  const x = counted(graph, given);
  const count = x.shape[0], shape = [numSegments, ...x.shape.slice(1)];
  const ids = whole(graph, segmentIds), rows = whole(graph, x);
  const column = graph.add("Reshape", [ids, integers(graph, x.shape.map((_, i) => i ? 1 : count))]);
  const sum = graph.add("ScatterElements", [
    whole(graph, uniform(0, shape, x.dtype)),
    graph.add("Expand", [column, integers(graph, x.shape)]),
    rows,
  ], { axis: 0, reduction: "add" });
  return {
    shape,
    dtype: x.dtype,
    value: { kind: "node", name: sum, stored: shape, scattered: [{ ids, rows, count }] },
  };
}

function oneHot(graph: GraphBuilder, { indices }: Inputs, attrs: tf.OneHotAttrs): Traced {
  const { depth, onValue, offValue } = attrs, asked = (attrs.dtype ?? "float32") as TensorType;
  const dtype = asked === "bool" ? "int32" : asked;
  const classes = graph.constant("int32", [depth], Array.from({ length: depth }, (_, i) => i));
  const column = integers(graph, [...indices.shape, 1]);
  const equal = graph.add("Equal", [
    graph.add("Reshape", [whole(graph, cast(graph, indices, "int32")), column]),
    classes,
  ]);
  const hot = cast(graph, node(equal, "bool", [...indices.shape, depth]), dtype);
  const height = uniform(onValue - offValue, [], dtype);
  const made = binary(
    graph,
    "Add",
    binary(graph, "Mul", hot, height),
    uniform(offValue, [], dtype),
  );
  return cast(graph, made, asked);
}

function range(graph: GraphBuilder, _: Inputs, attrs: tf.RangeAttrs): Traced {
  const { start, stop, dtype } = attrs;
  // Without a step of one's own, tfjs counts down where the end is below the start.
  const step = stop < start && attrs.step === 1 ? -1 : attrs.step;
  const bounds = [start, stop, step].map((bound) => graph.constant(dtype, [], [bound]));
  const length = Math.max(0, Math.ceil((stop - start) / step));
  return node(graph.add("Range", bounds), dtype, [length]);
}

/** Numbers at equal distances, both ends included. */
function linspace(graph: GraphBuilder, _: Inputs, attrs: tf.LinSpaceAttrs): Traced {
  const { start, stop, num } = attrs;
  const steps = range(graph, {}, { start: 0, stop: num, step: 1, dtype: "float32" });
  const width = num > 1 ? (stop - start) / (num - 1) : 0;
  return binary(graph, "Add", binary(graph, "Mul", steps, uniform(width, [])), uniform(start, []));
}

/** tfjs kernels that read or write by index. */
export const indexed: Kernels = {
  GatherV2: gather,
  GatherNd: (graph, { params, indices }) => {
    const depth = indices.shape.at(-1)!;
    const ids = cast64(graph, whole(graph, indices));
    const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)];
    return node(graph.add("GatherND", [whole(graph, params), ids]), params.dtype, shape);
  },
  UnsortedSegmentSum: segmentSum,
  OneHot: oneHot,
  Range: range,
  LinSpace: linspace,
};
