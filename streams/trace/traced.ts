/**
 * Tensors under trace. What is known of a value is used before a node is written: a uniform tensor
 * needs no memory, and a broadcast one keeps length 1 along the axes that it repeats along.
 *
 * @module
 */

import type { GraphBuilder } from "./graph.ts";

/** Element types of tensors; the graph knows more. */
export type TensorType = "float32" | "int32" | "bool";

/** What is known of a tensor's values. */
export type Value =
  /** All elements are equal. */
  | { readonly kind: "uniform"; readonly value: number }
  /** A few numbers, row-major. */
  | { readonly kind: "literal"; readonly values: ArrayLike<number> }
  /** A value of the graph; `stored` has the tensor's rank, and 1 or its length along each axis. */
  | {
    readonly kind: "node";
    readonly name: string;
    readonly stored: readonly number[];
    /** The same value as rows yet to be added up, where it is known as such. */
    readonly scattered?: readonly Scattered[];
  };

/** Rows (n × …) that belong to the rows of a larger tensor by their ids (n, int32): an embedding's gradient. */
export interface Scattered {
  readonly ids: string;
  readonly rows: string;
  readonly count: number;
}

/** A tensor under trace. */
export interface Traced {
  readonly shape: readonly number[];
  readonly dtype: TensorType;
  readonly value: Value;
}

/** Named inputs of a kernel. */
export type Inputs = Readonly<Record<string, Traced>>;

/**
 * Records what one tfjs kernel computes. The attributes are those that tfjs documents for the kernel
 * of that name; each kernel states the type that it reads.
 */
export type Kernel = (
  graph: GraphBuilder,
  inputs: Inputs,
  attributes: never,
) => Traced | readonly Traced[];

/** Kernels by the names of tfjs. */
export type Kernels = Readonly<Record<string, Kernel>>;

/** A tensor whose elements all equal `value`. */
export const uniform = (
  value: number,
  shape: readonly number[],
  dtype: TensorType = "float32",
): Traced => ({
  shape,
  dtype,
  value: { kind: "uniform", value: dtype === "float32" ? Math.fround(value) : value },
});

/** A tensor that a value of the graph holds, whole unless `stored` says otherwise. */
export const node = (
  name: string,
  dtype: TensorType,
  shape: readonly number[],
  stored: readonly number[] = shape,
): Traced => ({ shape, dtype, value: { kind: "node", name, stored } });

/** The rows that a tensor is the sum of, where it is known as such. */
export function scatteredOf({ shape, value }: Traced): readonly Scattered[] | undefined {
  return value.kind === "node" && sameShape(shape, value.stored) ? value.scattered : undefined;
}

/** The same values read as another shape of the same rank, along whose new axes they repeat. */
export const reread = (x: Traced, shape: readonly number[]): Traced => ({ ...x, shape });

/** The value if all elements are equal. */
export const valueOf = (x: Traced): number | undefined =>
  x.value.kind === "uniform" ? x.value.value : undefined;

/** The shape in memory: 1 along axes that the value repeats along. */
export function storedShape(x: Traced): readonly number[] {
  switch (x.value.kind) {
    case "uniform":
      return x.shape.map(() => 1);
    case "literal":
      return x.shape;
    case "node":
      return x.value.stored;
  }
}

/** Name of the value as it is stored, for operators that broadcast; of the tensor's rank. */
export function operand(graph: GraphBuilder, x: Traced): string {
  switch (x.value.kind) {
    case "uniform":
      return graph.constant(x.dtype, storedShape(x), [x.value.value]);
    case "literal":
      return graph.constant(x.dtype, x.shape, x.value.values);
    case "node":
      return x.value.name;
  }
}

/** Name of the value in full, for operators that do not broadcast. */
export const whole = (graph: GraphBuilder, x: Traced): string => expanded(graph, x, x.shape);

/** Name of the value with at least the lengths of `shape`, each of which is 1 or the tensor's own. */
export function expanded(graph: GraphBuilder, x: Traced, shape: readonly number[]): string {
  const name = operand(graph, x);
  if (storedShape(x).every((length, axis) => length === shape[axis] || shape[axis] === 1)) {
    return name;
  }
  return graph.add("Expand", [name, graph.constant("int64", [shape.length], shape)]);
}

/** The tensor, after noting the bytes that its value takes. */
export function measured(graph: GraphBuilder, x: Traced): Traced {
  const width = x.dtype === "bool" ? 1 : 4;
  if (x.value.kind === "node") {
    graph.measure(x.value.name, x.value.stored.reduce((a, b) => a * b, width));
  }
  return x;
}

/** A list of integers as operators take it. */
export const integers = (graph: GraphBuilder, values: readonly number[]): string =>
  graph.constant("int64", [values.length], values);

/** Whether two shapes are equal. */
export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((length, axis) => length === b[axis]);
