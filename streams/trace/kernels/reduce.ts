/**
 * Operations along axes: sums, extremes, running sums, softmax.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import {
  type Inputs,
  integers,
  type Kernel,
  type Kernels,
  node,
  operand,
  storedShape,
  type Traced,
  uniform,
  valueOf,
  whole,
} from "../traced.ts";
import { binary } from "./binary.ts";
import { reshape } from "./shape.ts";
import { cast, CAST_TO, counted } from "./unary.ts";

/** What tfjs calls a reduction's axes, and whether they stay as length 1. */
interface ReduceAttrs {
  readonly axis?: number | number[];
  readonly reductionIndices?: number | number[];
  readonly keepDims?: boolean;
}

type Reduction = "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd";

/** Reduces; axes that the value repeats along are counted instead of read. */
export function reduce(
  graph: GraphBuilder,
  op: Reduction,
  x: Traced,
  attrs: ReduceAttrs,
): Traced {
  const given = attrs.axis ?? attrs.reductionIndices ?? x.shape.map((_, axis) => axis);
  const axes = tf.util.parseAxisParam(given, [...x.shape]);
  const kept = x.shape.map((length, axis) => axes.includes(axis) ? 1 : length);
  const shape = attrs.keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  const stored = storedShape(x), value = valueOf(x);
  const repeats = axes.reduce((n, axis) => stored[axis] === 1 ? n * x.shape[axis] : n, 1);
  if (value !== undefined) return uniform(again(op, value, repeats), shape, x.dtype);

  const real = axes.filter((axis) => stored[axis] !== 1);
  const left = stored.map((length, axis) => axes.includes(axis) ? 1 : length);
  const reduced = real.length === 0 ? x : node(write(graph, op, x, real), x.dtype, kept, left);
  return reshape(graph, repeated(graph, op, { ...reduced, shape: kept }, repeats), shape);
}

/** ONNX takes the axes of a sum as an input and those of the others as an attribute. */
function write(graph: GraphBuilder, op: Reduction, x: Traced, axes: readonly number[]): string {
  const name = operand(graph, x);
  return op === "ReduceSum"
    ? graph.add(op, [name, integers(graph, axes)], { keepdims: 1 })
    : graph.add(op, [name], { axes, keepdims: 1 });
}

/** `count` equal numbers, reduced. */
function again(op: Reduction, value: number, count: number): number {
  return op === "ReduceSum" ? value * count : op === "ReduceProd" ? value ** count : value;
}

/** Each element reduced with `count - 1` others equal to it. */
function repeated(graph: GraphBuilder, op: Reduction, x: Traced, count: number): Traced {
  if (count === 1) return x;
  const n = uniform(count, x.shape.map(() => 1), x.dtype);
  if (op === "ReduceSum") return binary(graph, "Mul", x, n);
  return op === "ReduceProd" ? binary(graph, "Pow", x, n) : x;
}

const reduction = (op: Reduction): Kernel => (graph, { x }, attrs: ReduceAttrs) =>
  cast(graph, reduce(graph, op, counted(graph, x), attrs), x.dtype);

/** All and any of truth values, by way of numbers. */
const logical = (op: Reduction): Kernel => (graph, { x }, attrs: ReduceAttrs) =>
  cast(graph, reduce(graph, op, cast(graph, x, "int32"), attrs), "bool");

/** Position of the first extreme along one axis. */
const position = (op: "ArgMax" | "ArgMin"): Kernel => (graph, { x }, attrs: tf.ArgMaxAttrs) => {
  const [axis] = tf.util.parseAxisParam(attrs.axis, [...x.shape]);
  const found = graph.add(op, [whole(graph, counted(graph, x))], { axis, keepdims: 0 });
  const shape = x.shape.filter((_, at) => at !== axis);
  return node(graph.add("Cast", [found], { to: CAST_TO.int32 }), "int32", shape);
};

function softmax(graph: GraphBuilder, op: "Softmax" | "LogSoftmax", x: Traced, dim: number) {
  const axis = dim < 0 ? dim + x.shape.length : dim;
  return node(graph.add(op, [whole(graph, x)], { axis }), x.dtype, x.shape);
}

function cumulate(graph: GraphBuilder, inputs: Inputs, attrs: tf.CumsumAttrs): Traced {
  const x = counted(graph, inputs.x), axis = graph.constant("int64", [], [attrs.axis]);
  const name = graph.add("CumSum", [whole(graph, x), axis], {
    exclusive: Number(attrs.exclusive),
    reverse: Number(attrs.reverse),
  });
  return node(name, x.dtype, x.shape);
}

/** tfjs kernels that work along axes. */
export const reductions: Kernels = {
  Sum: (graph, { x }, attrs: ReduceAttrs) => reduce(graph, "ReduceSum", counted(graph, x), attrs),
  Mean: (graph, { x }, attrs: ReduceAttrs) =>
    reduce(graph, "ReduceMean", cast(graph, x, "float32"), attrs),
  Max: reduction("ReduceMax"),
  Min: reduction("ReduceMin"),
  Prod: reduction("ReduceProd"),
  All: logical("ReduceMin"),
  Any: logical("ReduceMax"),
  ArgMax: position("ArgMax"),
  ArgMin: position("ArgMin"),
  Cumsum: cumulate,
  Softmax: (graph, { logits }, { dim }: tf.SoftmaxAttrs) => softmax(graph, "Softmax", logits, dim),
  LogSoftmax: (graph, { logits }, { axis }: tf.LogSoftmaxAttrs) =>
    softmax(graph, "LogSoftmax", logits, axis),
};
