/**
 * Operations on pairs of elements, with broadcasting and the algebra that saves nodes.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import {
  type Inputs,
  type Kernel,
  type Kernels,
  measured,
  node,
  operand,
  reread,
  sameShape,
  scatteredOf,
  storedShape,
  type TensorType,
  type Traced,
  uniform,
  valueOf,
} from "../traced.ts";
import { cast, counted, throughFloats, unary } from "./unary.ts";

/** Applies an operator of two broadcasting inputs; the result has the first one's element type. */
export function binary(graph: GraphBuilder, op: string, a: Traced, b: Traced): Traced {
  if (a.dtype !== "float32") return written(graph, op, a, b, a.dtype);
  return simplified(op, a, b) ?? withRows(op, a, b, written(graph, op, a, b, "float32"));
}

/** A sum of scattered rows is still one: tfjs adds up the gradients of a table that is read twice. */
function withRows(op: string, a: Traced, b: Traced, sum: Traced): Traced {
  const rows = scatteredOf(a), more = scatteredOf(b);
  if (op !== "Add" || !rows || !more || !sameShape(a.shape, b.shape)) return sum;
  return { ...sum, value: { ...sum.value, scattered: [...rows, ...more] } as Traced["value"] };
}

/** Compares element by element; the result is a truth value. */
export const compare = (graph: GraphBuilder, op: string, a: Traced, b: Traced): Traced =>
  written(graph, op, a, b, "bool");

/** The shape that two shapes broadcast to. */
export const broadcast = (a: readonly number[], b: readonly number[]): readonly number[] =>
  tf.broadcast_util.assertAndGetBroadcastShape([...a], [...b]);

const FOLDS: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: Math.pow,
  Max: Math.max,
  Min: Math.min,
};

/** The result where no node is needed: uniform operands, x + 0, x · 1, and x · 0 for finite x. */
function simplified(op: string, a: Traced, b: Traced): Traced | undefined {
  const shape = broadcast(a.shape, b.shape), x = valueOf(a), y = valueOf(b);
  if (x !== undefined && y !== undefined) {
    const fold = FOLDS[op];
    return fold && uniform(fold(x, y), shape);
  }
  if (op === "Mul" && (x === 0 || y === 0)) return uniform(0, shape);
  if (y === 1 && (op === "Mul" || op === "Div" || op === "Pow")) return repeated(a, shape);
  if (y === 0 && (op === "Add" || op === "Sub")) return repeated(a, shape);
  if (x === 1 && op === "Mul") return repeated(b, shape);
  if (x === 0 && op === "Add") return repeated(b, shape);
  return undefined;
}

/** `x` broadcast to `shape` without a node; undefined where that takes one. */
function repeated(x: Traced, shape: readonly number[]): Traced | undefined {
  if (sameShape(x.shape, shape)) return x;
  return x.value.kind === "node" && x.shape.length === shape.length ? reread(x, shape) : undefined;
}

function written(
  graph: GraphBuilder,
  op: string,
  a: Traced,
  b: Traced,
  dtype: TensorType,
): Traced {
  const name = graph.add(op, [operand(graph, a), operand(graph, b)]);
  const stored = broadcast(storedShape(a), storedShape(b));
  return measured(graph, node(name, dtype, broadcast(a.shape, b.shape), stored));
}

const arithmetic = (op: string): Kernel => (graph, { a, b }) =>
  binary(graph, op, counted(graph, a), counted(graph, b));
const comparison = (op: string): Kernel => (graph, { a, b }) =>
  compare(graph, op, counted(graph, a), counted(graph, b));
const logical = (op: string): Kernel => (graph, { a, b }) => compare(graph, op, a, b);

/** The product; that of truth values is one. */
export const product = (graph: GraphBuilder, a: Traced, b: Traced): Traced =>
  a.dtype === "bool" ? compare(graph, "And", a, b) : binary(graph, "Mul", a, b);

/** Rounds the quotient down, as tfjs does; exact up to 2²⁴. */
function floorDivide(graph: GraphBuilder, { a, b }: Inputs): Traced {
  const quotient = binary(graph, "Div", cast(graph, a, "float32"), cast(graph, b, "float32"));
  return cast(graph, unary(graph, "Floor", quotient), "int32");
}

/** The remainder with the sign of the divisor. */
function remainder(graph: GraphBuilder, { a, b }: Inputs): Traced {
  if (a.dtype !== "float32") return binary(graph, "Mod", counted(graph, a), counted(graph, b));
  const quotient = unary(graph, "Floor", binary(graph, "Div", a, b));
  return binary(graph, "Sub", a, binary(graph, "Mul", quotient, b));
}

/** Chooses element by element; a vector condition chooses among the rows of `t` and `e`. */
export function select(graph: GraphBuilder, { condition, t, e }: Inputs): Traced {
  const lengths = [...storedShape(condition)];
  while (lengths.length < t.shape.length) lengths.push(1);
  const chosen = lengths.length === condition.shape.length
    ? operand(graph, condition)
    : graph.add("Reshape", [
      operand(graph, condition),
      graph.constant("int64", [lengths.length], lengths),
    ]);
  const [yes, no] = [counted(graph, t), counted(graph, e)];
  const name = graph.add("Where", [chosen, operand(graph, yes), operand(graph, no)]);
  const stored = broadcast(broadcast(lengths, storedShape(t)), storedShape(e));
  return cast(graph, node(name, yes.dtype, t.shape, stored), t.dtype);
}

/** tfjs kernels of two inputs or more. */
export const pairwise: Kernels = {
  Add: arithmetic("Add"),
  Sub: arithmetic("Sub"),
  Multiply: (graph, { a, b }) => product(graph, a, b),
  RealDiv: (graph, { a, b }) =>
    throughFloats(graph, a, (a) => binary(graph, "Div", a, cast(graph, b, "float32"))),
  Pow: arithmetic("Pow"),
  Maximum: arithmetic("Max"),
  Minimum: arithmetic("Min"),
  Greater: comparison("Greater"),
  GreaterEqual: comparison("GreaterOrEqual"),
  Less: comparison("Less"),
  LessEqual: comparison("LessOrEqual"),
  Equal: logical("Equal"),
  LogicalAnd: logical("And"),
  LogicalOr: logical("Or"),
  LogicalXor: logical("Xor"),
  NotEqual: (graph, { a, b }) => unary(graph, "Not", compare(graph, "Equal", a, b)),
  FloorDiv: floorDivide,
  Mod: remainder,
  SquaredDifference: (graph, { a, b }) => {
    const difference = binary(graph, "Sub", counted(graph, a), counted(graph, b));
    return binary(graph, "Mul", difference, difference);
  },
  AddN: (graph, inputs) => Object.values(inputs).reduce((a, b) => binary(graph, "Add", a, b)),
  Select: select,
};
