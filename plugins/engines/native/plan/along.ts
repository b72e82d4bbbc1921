/**
 * Operators along axes, and products of matrices.
 *
 * @module
 */

import type { Node } from "../../../../streams/trace/graph.ts";
import { type Code, codeOf } from "../codes.ts";
import { broadcast, collapsed, repeating, sizeOf, stridesOf, wordsOf } from "./axes.ts";
import { bitsOf } from "./elementwise.ts";
import type { Lower, Planner, Type, Value } from "./planner.ts";

/** The value, of a type that the kernels of its operation read: reduce.c, product.c. */
function typed(plan: Planner, name: string, types: readonly Type[]): Value {
  const value = plan.read(name);
  if (types.includes(value.type)) return value;
  throw new RangeError(`Cannot plan an operation along axes on ${value.type}: no kernel does it`);
}

const NUMBERS: readonly Type[] = ["float32", "int32"], FLOATS: readonly Type[] = ["float32"];

const reduction = (fold: Code<"FOLD">, mean: "mean" | "total" = "total"): Lower => (plan, node) => {
  const axes = axesOf(plan, node), name = node.outputs[0];
  const x = typed(plan, node.inputs[0], mean === "mean" ? FLOATS : NUMBERS);
  const kept = x.shape.map((length, axis) => axes.includes(axis) ? 1 : length);
  const shape = Number(node.attributes.keepdims ?? 1)
    ? kept
    : kept.filter((_, axis) => !axes.includes(axis));
  const count = sizeOf(x.shape) / Math.max(1, sizeOf(kept));
  const nest = collapsed({
    lengths: x.shape,
    strides: [stridesOf(x.shape), repeating(kept, x.shape)],
  });
  plan.make(name, x.type, shape);
  plan.step({
    op: "reduce",
    words: [
      { memory: name },
      { memory: x.name },
      codeOf("FOLD", fold),
      codeOf("TYPE", x.type),
      0,
      sizeOf(kept),
      bitsOf(mean === "mean" ? 1 / count : 1),
      ...wordsOf(nest),
    ],
    reads: [x.name],
    writes: [name],
    ...(fold === "Sum" && mean === "total" ? { adds: [4] } : {}),
  });
};

/** The axes that are reduced: an input of sums, an attribute of others. */
function axesOf(plan: Planner, { inputs, attributes }: Node): readonly number[] {
  const { shape } = plan.read(inputs[0]);
  const given = inputs.length > 1 ? plan.numbers(inputs[1]) : attributes.axes as readonly number[];
  return given.map((axis) => axis < 0 ? axis + shape.length : axis);
}

/** Lengths before, along and behind an axis. */
const around = (shape: readonly number[], axis: number): number[] => [
  sizeOf(shape.slice(0, axis)),
  shape[axis],
  sizeOf(shape.slice(axis + 1)),
];

const position = (largest: 0 | 1): Lower => (plan, { inputs, outputs: [name], attributes }) => {
  const x = typed(plan, inputs[0], NUMBERS), axis = Number(attributes.axis);
  plan.make(name, "int32", x.shape.toSpliced(axis, 1));
  plan.step({
    op: "position",
    words: [
      { memory: name },
      { memory: x.name },
      largest,
      codeOf("TYPE", x.type),
      ...around(x.shape, axis),
    ],
    reads: [x.name],
    writes: [name],
  });
};

const softmax = (logarithm: 0 | 1): Lower => (plan, { inputs, outputs: [name], attributes }) => {
  const x = typed(plan, inputs[0], FLOATS);
  plan.make(name, x.type, x.shape);
  const lengths = around(x.shape, Number(attributes.axis));
  plan.step({
    op: "softmax",
    words: [{ memory: name }, { memory: x.name }, logarithm, ...lengths],
    reads: [x.name],
    writes: [name],
  });
};

const cumulate: Lower = (plan, { inputs, outputs: [name], attributes }) => {
  const x = typed(plan, inputs[0], NUMBERS), [given] = plan.numbers(inputs[1]);
  const axis = given < 0 ? given + x.shape.length : given;
  plan.make(name, x.type, x.shape);
  plan.step({
    op: "cumulate",
    words: [
      { memory: name },
      { memory: x.name },
      codeOf("TYPE", x.type),
      Number(attributes.exclusive ?? 0),
      Number(attributes.reverse ?? 0),
      ...around(x.shape, axis),
    ],
    reads: [x.name],
    writes: [name],
  });
};

const product: Lower = (plan, { inputs, outputs: [name], attributes }) => {
  const [a, b] = inputs.map((input) => typed(plan, input, FLOATS));
  const turnA = Number(attributes.transA ?? 0), turnB = Number(attributes.transB ?? 0);
  const [rows, depth] = turned(a.shape.slice(-2), turnA);
  const columns = turned(b.shape.slice(-2), turnB)[1];
  const stacks = [a, b].map(({ shape }) => shape.slice(0, -2));
  const stack = broadcast(...stacks), count = sizeOf(stack);
  plan.make(name, "float32", [...stack, rows, columns]);
  // Matrices that all meet the same one are one tall matrix.
  const tall = !turnA && sizeOf(stacks[1]) === 1;
  const strides = stacks.map((shape, i) => {
    const matrix = i === 0 ? rows * depth : depth * columns;
    return repeating(shape, stack).map((stride) => stride * matrix);
  });
  const nest = tall
    ? { lengths: [1], strides: [[0], [0]] }
    : collapsed({ lengths: stack, strides });
  plan.step({
    op: "product",
    words: [
      ...[name, a.name, b.name].map((memory) => ({ memory })),
      tall ? rows * count : rows,
      columns,
      depth,
      turnA,
      turnB,
      0,
      ...[a, b].map(({ type }) => codeOf("TYPE", type)),
      ...wordsOf(nest),
    ],
    reads: [a.name, b.name],
    writes: [name],
    adds: [8],
    // Thin products stay in floats: product.h.
    either: columns === 1 || depth === 1 ? [] : [[a.name, 9], [b.name, 10]],
  });
};

const turned = (matrix: readonly number[], turn: number): readonly number[] =>
  turn ? matrix.toReversed() : matrix;

/** Rules by operator. */
export const along: Readonly<Record<string, Lower>> = {
  ReduceSum: reduction("Sum"),
  ReduceMean: reduction("Sum", "mean"),
  ReduceMax: reduction("Max"),
  ReduceMin: reduction("Min"),
  ReduceProd: reduction("Prod"),
  ArgMax: position(1),
  ArgMin: position(0),
  Softmax: softmax(0),
  LogSoftmax: softmax(1),
  CumSum: cumulate,
  MatMul: product,
  FusedMatMul: product,
};
