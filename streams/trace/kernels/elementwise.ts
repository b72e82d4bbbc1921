/**
 * Operations on each element alone.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import {
  type Inputs,
  type Kernel,
  type Kernels,
  node,
  operand,
  storedShape,
  type TensorType,
  type Traced,
  uniform,
  valueOf,
} from "../traced.ts";
import { binary, compare, product, select } from "./binary.ts";
import { cast, counted, throughFloats, unary } from "./unary.ts";

/** Rectifiers and the like by the word that fused kernels use. */
export function activate(
  graph: GraphBuilder,
  x: Traced,
  activation: string,
  parameters: { readonly alpha?: number; readonly slope?: Traced },
): Traced {
  switch (activation) {
    case "linear":
      return x;
    case "relu":
      return unary(graph, "Relu", x);
    case "relu6":
      return clip(graph, x, 0, 6);
    case "elu":
      return unary(graph, "Elu", x);
    case "sigmoid":
      return unary(graph, "Sigmoid", x);
    case "leakyrelu":
      return unary(graph, "LeakyRelu", x, { alpha: { float: parameters.alpha ?? 0.2 } });
    case "prelu":
      if (parameters.slope) return prelu(graph, x, parameters.slope);
  }
  throw new RangeError(`Cannot trace activation "${activation}": it is unknown`);
}

/** An operator of one input; `fold` computes it where all elements are equal. */
const applied = (op: string, fold?: (x: number) => number) => (graph: GraphBuilder, x: Traced) => {
  const value = valueOf(x);
  return fold && value !== undefined ? uniform(fold(value), x.shape, x.dtype) : unary(graph, op, x);
};

/** The kernel of an operator on floats. */
const real = (op: string, fold?: (x: number) => number): Kernel => (graph, { x }) =>
  throughFloats(graph, x, (x) => applied(op, fold)(graph, x));

/** The kernel of an operator that ONNX has for integers, too. */
const signed = (op: string, fold?: (x: number) => number): Kernel => (graph, { x }) =>
  applied(op, fold)(graph, counted(graph, x));

/** `alpha` up to 0 and 1 above: a ramp so steep that it is one, in one pass where a choice takes three. */
const step = (graph: GraphBuilder, { x }: Inputs, { alpha }: tf.StepAttrs): Traced =>
  throughFloats(graph, x, (x) => {
    const ramp = unary(graph, "HardSigmoid", x, { alpha: { float: 3e38 }, beta: { float: 0 } });
    const scaled = binary(graph, "Mul", ramp, uniform(1 - alpha, []));
    return binary(graph, "Add", scaled, uniform(alpha, []));
  });

/** log(1 + x), of small numbers too: what 1 + x loses is made up for (Goldberg 1991, theorem 4). */
const log1p = (graph: GraphBuilder, x: Traced): Traced => {
  const one = uniform(1, []), sum = binary(graph, "Add", x, one);
  const lost = binary(graph, "Div", x, binary(graph, "Sub", sum, one));
  const quotient = binary(graph, "Mul", unary(graph, "Log", sum), lost);
  return select(graph, { condition: compare(graph, "Equal", sum, one), t: x, e: quotient });
};

/** exp(x) − 1; of small numbers by 2 tanh(x / 2) / (1 − tanh(x / 2)), which loses nothing there. */
const expm1 = (graph: GraphBuilder, x: Traced): Traced => {
  const one = uniform(1, []), half = uniform(0.5, []);
  const tanh = unary(graph, "Tanh", binary(graph, "Mul", x, half));
  const t = binary(graph, "Div", binary(graph, "Add", tanh, tanh), binary(graph, "Sub", one, tanh));
  const e = binary(graph, "Sub", unary(graph, "Exp", x), one);
  return select(graph, { condition: compare(graph, "Less", unary(graph, "Abs", x), half), t, e });
};

function clip(graph: GraphBuilder, x: Traced, low: number, high: number): Traced {
  const bounds = [low, high].map((bound) => graph.constant(x.dtype, [], [bound]));
  const name = graph.add("Clip", [operand(graph, x), ...bounds]);
  return node(name, x.dtype, x.shape, storedShape(x));
}

/** max(x, 0) + slope · min(x, 0), which broadcasts both ways where ONNX's PRelu does not. */
function prelu(graph: GraphBuilder, x: Traced, slope: Traced): Traced {
  const zero = uniform(0, [], "float32");
  const negative = binary(graph, "Mul", slope, binary(graph, "Min", x, zero));
  return binary(graph, "Add", binary(graph, "Max", x, zero), negative);
}

/** tfjs kernels of one input. */
export const elementwise: Kernels = {
  Abs: signed("Abs", Math.abs),
  Acos: real("Acos"),
  Acosh: real("Acosh"),
  Asin: real("Asin"),
  Asinh: real("Asinh"),
  Atan: real("Atan"),
  Atanh: real("Atanh"),
  Ceil: real("Ceil", Math.ceil),
  Cos: real("Cos", Math.cos),
  Cosh: real("Cosh"),
  Elu: real("Elu"),
  Erf: real("Erf"),
  Exp: (graph, { x }) => applied("Exp", Math.exp)(graph, cast(graph, x, "float32")),
  Floor: real("Floor", Math.floor),
  Log: real("Log", Math.log),
  LogicalNot: (graph, { x }) => unary(graph, "Not", x),
  Neg: signed("Neg", (x) => -x),
  Reciprocal: real("Reciprocal", (x) => 1 / x),
  Relu: signed("Relu", (x) => Math.max(x, 0)),
  Round: (graph, { x }) => x.dtype === "float32" ? unary(graph, "Round", x) : x,
  Selu: real("Selu"),
  Sigmoid: real("Sigmoid"),
  Sign: signed("Sign", Math.sign),
  Sin: real("Sin", Math.sin),
  Sinh: real("Sinh"),
  Softplus: real("Softplus"),
  Sqrt: real("Sqrt", Math.sqrt),
  Tan: real("Tan"),
  Tanh: real("Tanh", Math.tanh),
  Identity: (_, { x }) => x,
  Cast: (graph, { x }, { dtype }: tf.CastAttrs) => cast(graph, x, dtype as TensorType),
  ClipByValue: (graph, { x }, { clipValueMin, clipValueMax }: tf.ClipByValueAttrs) =>
    clip(graph, counted(graph, x), clipValueMin, clipValueMax),
  EluGrad: (graph, { dy, y }) => {
    const one = uniform(1, []);
    return binary(graph, "Mul", dy, binary(graph, "Min", binary(graph, "Add", y, one), one));
  },
  Expm1: (graph, { x }) => throughFloats(graph, x, (x) => expm1(graph, x)),
  IsNan: (graph, { x }) =>
    x.dtype === "float32"
      ? { ...unary(graph, "IsNaN", x), dtype: "bool" }
      : uniform(0, x.shape, "bool"),
  LeakyRelu: (graph, { x }, { alpha }: tf.LeakyReluAttrs) =>
    activate(graph, cast(graph, x, "float32"), "leakyrelu", { alpha }),
  Log1p: (graph, { x }) => throughFloats(graph, x, (x) => log1p(graph, x)),
  Prelu: (graph, { x, alpha }) =>
    prelu(graph, cast(graph, x, "float32"), cast(graph, alpha, "float32")),
  Relu6: (graph, { x }) => clip(graph, counted(graph, x), 0, 6),
  Rsqrt: (graph, { x }) =>
    throughFloats(graph, x, (x) => unary(graph, "Reciprocal", unary(graph, "Sqrt", x))),
  Square: (graph, { x }) => product(graph, x, x),
  Step: step,
  ZerosLike: (_, { x }) => uniform(0, x.shape, x.dtype),
  OnesLike: (_, { x }) => uniform(1, x.shape, x.dtype),
  Fill: (_, __, { shape, value, dtype }: tf.FillAttrs) =>
    uniform(Number(value), shape, (dtype ?? "float32") as TensorType),
};
