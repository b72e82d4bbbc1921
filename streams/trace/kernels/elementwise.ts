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
import { binary } from "./binary.ts";
import { cast, unary } from "./unary.ts";

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

/** The kernel of an operator of one input; `fold` computes it where all elements are equal. */
const simple = (op: string, fold?: (x: number) => number): Kernel => (graph, { x }) => {
  const value = valueOf(x);
  return fold && value !== undefined ? uniform(fold(value), x.shape, x.dtype) : unary(graph, op, x);
};

/** `alpha` up to 0 and 1 above: a ramp so steep that it is one, in one pass where a choice takes three. */
function step(graph: GraphBuilder, { x }: Inputs, { alpha }: tf.StepAttrs): Traced {
  const number = cast(graph, x, "float32");
  const ramp = unary(graph, "HardSigmoid", number, { alpha: { float: 3e38 }, beta: { float: 0 } });
  const scaled = binary(graph, "Mul", ramp, uniform(1 - alpha, []));
  return binary(graph, "Add", scaled, uniform(alpha, []));
}

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
  Abs: simple("Abs", Math.abs),
  Acos: simple("Acos"),
  Acosh: simple("Acosh"),
  Asin: simple("Asin"),
  Asinh: simple("Asinh"),
  Atan: simple("Atan"),
  Atanh: simple("Atanh"),
  Ceil: simple("Ceil", Math.ceil),
  Cos: simple("Cos", Math.cos),
  Cosh: simple("Cosh"),
  Elu: simple("Elu"),
  Erf: simple("Erf"),
  Exp: simple("Exp", Math.exp),
  Floor: simple("Floor", Math.floor),
  Log: simple("Log", Math.log),
  LogicalNot: simple("Not"),
  Neg: simple("Neg", (x) => -x),
  Reciprocal: simple("Reciprocal", (x) => 1 / x),
  Relu: simple("Relu", (x) => Math.max(x, 0)),
  Round: simple("Round"),
  Selu: simple("Selu"),
  Sigmoid: simple("Sigmoid"),
  Sign: simple("Sign", Math.sign),
  Sin: simple("Sin", Math.sin),
  Sinh: simple("Sinh"),
  Softplus: simple("Softplus"),
  Sqrt: simple("Sqrt", Math.sqrt),
  Tan: simple("Tan"),
  Tanh: simple("Tanh", Math.tanh),
  Identity: (_, { x }) => x,
  Cast: (graph, { x }, { dtype }: tf.CastAttrs) => cast(graph, x, dtype as TensorType),
  ClipByValue: (graph, { x }, { clipValueMin, clipValueMax }: tf.ClipByValueAttrs) =>
    clip(graph, x, clipValueMin, clipValueMax),
  EluGrad: (graph, { dy, y }) => {
    const one = uniform(1, []);
    return binary(graph, "Mul", dy, binary(graph, "Min", binary(graph, "Add", y, one), one));
  },
  Expm1: (graph, { x }) => binary(graph, "Sub", unary(graph, "Exp", x), uniform(1, [])),
  IsNan: (graph, { x }) => ({ ...unary(graph, "IsNaN", x), dtype: "bool" }),
  LeakyRelu: (graph, { x }, { alpha }: tf.LeakyReluAttrs) =>
    activate(graph, x, "leakyrelu", { alpha }),
  Log1p: (graph, { x }) => unary(graph, "Log", binary(graph, "Add", x, uniform(1, []))),
  Prelu: (graph, { x, alpha }) => prelu(graph, x, alpha),
  Relu6: (graph, { x }) => clip(graph, x, 0, 6),
  Rsqrt: (graph, { x }) => unary(graph, "Reciprocal", unary(graph, "Sqrt", x)),
  Square: (graph, { x }) => binary(graph, "Mul", x, x),
  Step: step,
  ZerosLike: (_, { x }) => uniform(0, x.shape, x.dtype),
  OnesLike: (_, { x }) => uniform(1, x.shape, x.dtype),
  Fill: (_, __, { shape, value, dtype }: tf.FillAttrs) =>
    uniform(Number(value), shape, (dtype ?? "float32") as TensorType),
};
