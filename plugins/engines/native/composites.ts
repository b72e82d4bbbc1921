/**
 * The composites that this engine takes over, as nodes of operators of its own: `plan/composites.ts`
 * says what each becomes.
 *
 * @module
 */

import { type Activation, LEAK } from "../../../core/model/composites/linear.ts";
import type { GraphBuilder } from "../../../streams/trace/graph.ts";
import {
  type Inputs,
  type Kernel,
  type Kernels,
  node,
  operand,
  type Traced,
  whole,
} from "../../../streams/trace/traced.ts";

const names = (graph: GraphBuilder, ...inputs: readonly Traced[]): string[] =>
  inputs.map((input) => whole(graph, input));

/** A value of the shape of another. */
const like = (name: string, { shape }: Traced): Traced => node(name, "float32", shape);

/** What linear layers are told. */
interface Activated {
  readonly activation: Activation;
}

const linear: Kernel = (graph, { x, weight, bias }, { activation }: Activated) => {
  const name = graph.add("Linear", names(graph, x, weight, bias), { activation });
  return [node(name, "float32", [x.shape[0], weight.shape[1]])];
};

/** Products of their own, so that those that nobody reads are left out. */
const linearGradient: Kernel = (graph, inputs, { activation }: Activated) => {
  const { dy, value, x, weight, bias } = inputs;
  const [given, made, left, right] = names(graph, dy, value, x, weight);
  const sum = activation === "none"
    ? given
    : activation === "relu"
    ? graph.add("ReluGradient", [given, made])
    : graph.add("LeakyReluGradient", [given, made], { alpha: { float: LEAK } });
  const axes = graph.constant("int64", [1], [0]);
  return [
    like(graph.add("FusedMatMul", [sum, right], { transA: 0, transB: 1 }), x),
    like(graph.add("FusedMatMul", [left, sum], { transA: 1, transB: 0 }), weight),
    like(graph.add("ReduceSum", [sum, axes], { keepdims: 0 }), bias),
  ];
};

const layerNorm: Kernel = (graph, { weight, bias, x, residual }) => {
  const terms = names(graph, x, ...(residual ? [residual] : []));
  const [value, normal, inverse] = graph.addMany(
    "LayerNorm",
    [...names(graph, weight, bias), ...terms],
    {},
    3,
  );
  return [like(value, x), like(normal, x), node(inverse, "float32", [x.shape[0]])];
};

const layerNormGradient: Kernel = (graph, inputs) => {
  const { dy, kept0: normal, kept1: inverse, weight, bias, x, residual } = inputs;
  const [dSum, dWeight, dBias] = graph.addMany(
    "LayerNormGradient",
    names(graph, dy, normal, inverse, weight),
    {},
    3,
  );
  const terms = residual ? [like(dSum, x), like(dSum, x)] : [like(dSum, x)];
  return [like(dWeight, weight), like(dBias, bias), ...terms];
};

const attention: Kernel = (graph, inputs, { heads }: { readonly heads: number }) => {
  const { projected, padding, keep } = inputs, [cells, length] = padding.shape;
  const [value, statistics] = graph.addMany(
    "Attention",
    [...names(graph, projected, padding), ...keptBy(graph, keep)],
    { heads },
    2,
  );
  return [
    node(value, "float32", [projected.shape[0], projected.shape[1] / 3]),
    node(statistics, "float32", [cells, heads, length, 2]),
  ];
};

const attentionGradient: Kernel = (graph, inputs, { heads }: { readonly heads: number }) => {
  const { dy, value, projected, padding, keep, kept0: statistics } = inputs;
  const given = names(graph, projected, padding, dy, value, statistics);
  const name = graph.add("AttentionGradient", [...given, ...keptBy(graph, keep)], { heads });
  return [like(name, projected)];
};

const dropout: Kernel = (graph, { x, keep }) => [
  like(graph.add("Drop", [whole(graph, x), ...keptBy(graph, keep)]), x),
];

const dropoutGradient: Kernel = (graph, { dy, keep }) => [
  like(graph.add("Drop", [whole(graph, dy), ...keptBy(graph, keep)]), dy),
];

/** The bytes of a noise site and the factor that a `keep` was made from. */
function keptBy(graph: GraphBuilder, keep: Traced | undefined): readonly string[] {
  if (!keep) return [];
  const product = graph.producer(operand(graph, keep));
  const cast = product && graph.producer(product.inputs[0]);
  if (product?.op === "Mul" && cast?.op === "Cast") return [cast.inputs[0], product.inputs[1]];
  throw new RangeError("Cannot trace dropout: it must come from noise.keep as it is");
}

const alone = (op: string): Kernel => (graph, { x }: Inputs) => [
  like(graph.add(op, [whole(graph, x)]), x),
];

/** Kernels by the names of composites and of their gradients. */
export const compositeKernels: Kernels = {
  linear,
  linearGradient,
  layerNorm,
  layerNormGradient,
  attention,
  attentionGradient,
  dropout,
  dropoutGradient,
  gelu: alone("Gelu"),
  geluGradient: (graph, { dy, x }) => [
    like(graph.add("GeluGradient", names(graph, dy, x)), x),
  ],
  maskedMeanSquare: (graph, { prediction, target, share }) => [
    node(graph.add("MaskedMeanSquare", names(graph, prediction, target, share)), "float32", []),
  ],
  maskedMeanSquareGradient: (graph, { dy, prediction, target, share }) => {
    const given = names(graph, dy, prediction, target, share);
    return [like(graph.add("MaskedMeanSquareGradient", given), prediction)];
  },
};
