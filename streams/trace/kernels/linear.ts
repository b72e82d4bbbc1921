/**
 * Products of matrices.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import {
  expanded,
  type Inputs,
  type Kernels,
  measured,
  node,
  storedShape,
  type Traced,
} from "../traced.ts";
import { broadcast } from "./binary.ts";
import { finished } from "./fused.ts";
import { cast } from "./unary.ts";

/** The product of any numbers; that of integers is exact up to 2²⁴. */
function product(graph: GraphBuilder, { a, b }: Inputs, attrs: tf.BatchMatMulAttrs): Traced {
  const floats = { a: cast(graph, a, "float32"), b: cast(graph, b, "float32") };
  return cast(graph, multiply(graph, floats, attrs), a.dtype === "float32" ? "float32" : "int32");
}

/** Multiplies the matrices in the last two axes; the axes before them broadcast. */
export function multiply(
  graph: GraphBuilder,
  { a, b }: Inputs,
  { transposeA, transposeB }: tf.BatchMatMulAttrs,
): Traced {
  const rows = a.shape.at(transposeA ? -1 : -2)!, columns = b.shape.at(transposeB ? -2 : -1)!;
  const [across, down] = [a.shape.at(transposeA ? -2 : -1), b.shape.at(transposeB ? -1 : -2)];
  if (across !== down) {
    throw new RangeError(
      `Cannot multiply matrices of shapes [${a.shape}] and [${b.shape}]: rows of ${across} numbers ` +
        `do not fit columns of ${down}`,
    );
  }
  const operands = [matrices(graph, a), matrices(graph, b)];
  const name = transposeA || transposeB
    ? graph.add("FusedMatMul", operands, { transA: +transposeA, transB: +transposeB })
    : graph.add("MatMul", operands);
  const before = (lengths: readonly number[]) => lengths.slice(0, -2);
  const shape = [...broadcast(before(a.shape), before(b.shape)), rows, columns];
  const stored = [...broadcast(before(storedShape(a)), before(storedShape(b))), rows, columns];
  return measured(graph, node(name, a.dtype, shape, stored));
}

/** The value with whole matrices; the axes before them may still repeat. */
function matrices(graph: GraphBuilder, x: Traced): string {
  return expanded(graph, x, x.shape.map((length, axis) => axis < x.shape.length - 2 ? 1 : length));
}

/** A product with bias and activation; ONNX Runtime is no faster with them inside the product. */
function fused(graph: GraphBuilder, inputs: Inputs, attrs: tf._FusedMatMulAttrs): Traced {
  return finished(graph, multiply(graph, inputs, attrs), inputs, attrs);
}

/** tfjs kernels of linear algebra. */
export const linearAlgebra: Kernels = { BatchMatMul: product, _FusedMatMul: fused };
