/**
 * Operators of one input that treat each element alone.
 *
 * @module
 */

import type { Attributes, GraphBuilder } from "../graph.ts";
import {
  node,
  operand,
  storedShape,
  type TensorType,
  type Traced,
  uniform,
  valueOf,
} from "../traced.ts";

/** ONNX's numbers for element types, as `Cast` takes them. */
export const CAST_TO = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;

/** Applies an operator; what repeats along an axis still does. */
export function unary(graph: GraphBuilder, op: string, x: Traced, attributes?: Attributes): Traced {
  return node(graph.add(op, [operand(graph, x)], attributes), x.dtype, x.shape, storedShape(x));
}

/** Converts the element type; numbers lose their fraction, and are true unless zero. */
export function cast(graph: GraphBuilder, x: Traced, dtype: TensorType): Traced {
  if (x.dtype === dtype) return x;
  const value = valueOf(x);
  if (value !== undefined) {
    const converted = dtype === "int32" ? Math.trunc(value) : dtype === "bool" ? +!!value : value;
    return uniform(converted, x.shape, dtype);
  }
  return { ...unary(graph, "Cast", x, { to: CAST_TO[dtype] }), dtype };
}

/** Truth values as the numbers that they count as; numbers as they are. */
export const counted = (graph: GraphBuilder, x: Traced): Traced =>
  x.dtype === "bool" ? cast(graph, x, "int32") : x;

/** What `f` makes of floats, in the element type of `x`: fractions are cut off, as tfjs does. */
export function throughFloats(graph: GraphBuilder, x: Traced, f: (x: Traced) => Traced): Traced {
  const made = f(cast(graph, x, "float32"));
  return cast(graph, x.dtype === "bool" ? cast(graph, made, "int32") : made, x.dtype);
}

/** Indices as operators take them. */
export const cast64 = (graph: GraphBuilder, name: string): string =>
  graph.add("Cast", [name], { to: CAST_TO.int64 });
