/**
 * Stacks of matrices under trace, in the operators that ONNX Runtime is quick at.
 *
 * @module
 */

import type { Attributes, GraphBuilder } from "../../../streams/trace/graph.ts";
import { binary } from "../../../streams/trace/kernels/binary.ts";
import { reduce } from "../../../streams/trace/kernels/reduce.ts";
import * as shapes from "../../../streams/trace/kernels/shape.ts";
import { integers, measured, node, type Traced, whole } from "../../../streams/trace/traced.ts";

/** Some matrices of a stack: `count` from number `from` on. */
export interface Range {
  readonly from: number;
  readonly count: number;
}

/** Operations on the tensors of a graph; each notes the size of its result. */
export interface Matrices {
  add(a: Traced, b: Traced): Traced;
  subtract(a: Traced, b: Traced): Traced;
  multiply(a: Traced, b: Traced): Traced;
  /** The matrices of one stack times those of another, and times `factor`, which is 1 unless given. */
  product(a: Traced, b: Traced, factor?: number): Traced;
  /** The same elements, in the same order, as another shape. */
  reshape(x: Traced, shape: readonly number[]): Traced;
  transpose(x: Traced, perm: readonly number[]): Traced;
  concat(parts: readonly Traced[], axis: number): Traced;
  /** The matrices of a range, in full. */
  slice(x: Traced, range: Range): Traced;
  /** The three parts of equal width that stand side by side. */
  thirds(x: Traced): readonly Traced[];
  /** Sums along the last axis, which stays with length 1. */
  sumLast(x: Traced): Traced;
  /** An operator of one input whose result has its shape. */
  apply(op: string, x: Traced, attributes?: Attributes): Traced;
}

/** The operations on a graph. */
export function matricesOf(graph: GraphBuilder): Matrices {
  const note = (x: Traced) => measured(graph, x);
  const arithmetic = (op: string) => (a: Traced, b: Traced) => note(binary(graph, op, a, b));
  return {
    add: arithmetic("Add"),
    subtract: arithmetic("Sub"),
    multiply: arithmetic("Mul"),
    product(a, b, factor = 1) {
      const names = [whole(graph, a), whole(graph, b)];
      const name = factor === 1
        ? graph.add("MatMul", names)
        : graph.add("FusedMatMul", names, { alpha: { float: factor } });
      return note(node(name, "float32", [...a.shape.slice(0, -1), b.shape.at(-1)!]));
    },
    reshape: (x, shape) => note(shapes.reshape(graph, x, shape)),
    transpose: (x, perm) => note(shapes.transpose(graph, x, perm)),
    concat: (parts, axis) => note(shapes.concat(graph, parts, axis)),
    slice: (x, { from, count }) =>
      note(shapes.slice(graph, x, {
        begin: x.shape.map((_, axis) => axis === 0 ? from : 0),
        size: x.shape.map((length, axis) => axis === 0 ? count : length),
      })),
    thirds(x) {
      const width = x.shape[1] / 3, sizes = integers(graph, [width, width, width]);
      return graph.addMany("Split", [whole(graph, x), sizes], { axis: 1 }, 3)
        .map((name) => note(node(name, "float32", [x.shape[0], width])));
    },
    sumLast: (x) =>
      note(reduce(graph, "ReduceSum", x, { axis: x.shape.length - 1, keepDims: true })),
    apply: (op, x, attributes = {}) =>
      note(node(graph.add(op, [whole(graph, x)], attributes), "float32", x.shape)),
  };
}
