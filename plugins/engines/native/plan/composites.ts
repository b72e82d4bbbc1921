/**
 * The composites that this engine takes over: attention, layer norm, linear layer, loss.
 *
 * @module
 */

import type { Activation } from "../../../../core/model/composites/linear.ts";
import { codeOf } from "../codes.ts";
import { sizeOf } from "./axes.ts";
import { bitsOf } from "./elementwise.ts";
import { limitOf, type Lower, type Planner, type Word } from "./planner.ts";

/** What either type is until it is known to be bf16. */
const FLOAT32 = codeOf("TYPE", "float32");

const memories = (...names: readonly string[]): Word[] => names.map((memory) => ({ memory }));

const linear: Lower = (plan, { inputs, outputs: [name], attributes }) => {
  const [x, weight, bias] = inputs.map(plan.read), [depth, columns] = weight.shape;
  const activation = codeOf("ACTIVATION", attributes.activation as Activation);
  const rows = sizeOf(x.shape) / depth;
  plan.make(name, "float32", [rows, columns]);
  plan.step({
    op: "linear",
    words: [...memories(name, x.name, weight.name, bias.name), rows, columns, depth, activation],
    reads: [x.name, weight.name, bias.name],
    writes: [name],
  });
};

const norm: Lower = (plan, { inputs, outputs }) => {
  const [weight, bias, x, residual = x] = inputs;
  const [rows, width] = plan.read(x).shape, [value, normal, inverse] = outputs;
  for (const name of [value, normal]) plan.make(name, "float32", [rows, width]);
  plan.make(inverse, "float32", [rows]);
  const reads = [x, residual, weight, bias].map((name) => plan.read(name).name);
  const both = Number(inputs.length > 3);
  plan.step({
    op: "norm",
    words: [...memories(...outputs, ...reads), rows, width, both],
    reads,
    writes: outputs,
  });
};

const normGradient: Lower = (plan, { inputs, outputs }) => {
  const reads = inputs.map((name) => plan.read(name).name),
    [rows, width] = plan.read(inputs[1]).shape;
  const [dSum, dWeight, dBias] = outputs, [, normal] = reads;
  plan.make(dSum, "float32", [rows, width]);
  for (const name of [dWeight, dBias]) plan.make(name, "float32", [width]);
  const words: Word[] = [...memories(...outputs, ...reads), rows, width, 0, 0, FLOAT32];
  // The gradient of the sum is written, never added to: its flag is a word that nothing reads.
  const [flagWeight, flagBias, type] = [words.length - 3, words.length - 2, words.length - 1];
  plan.step({
    op: "normGradient",
    words,
    reads,
    writes: [dWeight, dBias, dSum],
    adds: [flagWeight, flagBias],
    either: [[normal, type]],
  });
};

/** Most queries whose weights are in memory at a time: QUERIES in product.h. */
const QUERIES = 64;
/** The widest panel and the most rows that a packed factor is filled up to, and the floats of a cache line. */
const TILE = 32, LINE = 16;

const upTo = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple;

/** What the kernels of both ways read first, and what they work in. */
function callOf(plan: Planner, inputs: Parameters<Lower>[1]["inputs"], heads: number) {
  const [projected, padding, statistics, bytes, factor] = inputs;
  const [cells, length] = plan.read(padding).shape;
  const head = (plan.read(projected).shape.at(-1) ?? 0) / 3 / heads;
  const site = bytes === undefined ? undefined : plan.site(bytes);
  const enlarge = factor === undefined ? 1 : plan.numbers(factor)[0];
  const words = [
    ...memories(projected, padding, statistics),
    length,
    heads,
    head,
    site?.index ?? 0,
    site ? limitOf(site) : 0,
    bitsOf(enlarge),
    cells,
    site ? plan.whole(site).at(-1) ?? length : length,
    FLOAT32,
  ];
  const stride = upTo(length, TILE) + LINE, deep = upTo(head, TILE);
  const rows = upTo(length, TILE);
  // In bf16 half of a float a number, but whole tiles.
  const panels = Math.max(head, TILE / 2) * rows;
  const keep = upTo(QUERIES * length + 64, 64) / 4;
  return { words, rows, stride, deep, panels, first: stride + keep };
}

const attention: Lower = (plan, { inputs, outputs, attributes }) => {
  const [projected, padding, bytes, factor] = inputs, heads = Number(attributes.heads);
  const [value, statistics] = outputs, { shape } = plan.read(projected);
  plan.make(value, "float32", [shape[0], shape[1] / 3]);
  const [cells, length] = plan.read(padding).shape;
  plan.make(statistics, "float32", [cells, heads, length, 2]);
  const given = [projected, padding, statistics, ...(bytes === undefined ? [] : [bytes, factor])];
  const call = callOf(plan, given, heads);
  const scratch = plan.scratch(
    call.first + call.panels + call.deep * call.rows + QUERIES * call.stride,
  );
  plan.step({
    op: "attention",
    words: [...memories(value), ...call.words, ...memories(scratch.name)],
    reads: [projected, padding],
    writes: [value, statistics, scratch.name],
  });
};

const attentionGradient: Lower = (plan, { inputs, outputs: [name], attributes }) => {
  const [projected, padding, dy, value, statistics, bytes, factor] = inputs;
  plan.make(name, "float32", plan.read(projected).shape);
  const given = [projected, padding, statistics, ...(bytes === undefined ? [] : [bytes, factor])];
  const call = callOf(plan, given, Number(attributes.heads));
  const { rows, stride, deep, panels } = call;
  const scratch = plan.scratch(
    call.first + 2 * panels + 3 * deep * rows + 2 * deep * QUERIES + 2 * QUERIES * stride,
  );
  const before = memories(name, dy, value), behind = memories(scratch.name);
  const words = [...before, ...call.words, ...behind, FLOAT32];
  plan.step({
    op: "attentionGradient",
    words,
    reads: [projected, padding, dy, value, statistics],
    writes: [name, scratch.name],
    either: [[projected, before.length + call.words.length - 1], [value, words.length - 1]],
  });
};

const maskedMeanSquare: Lower = (plan, { inputs, outputs: [name] }) => {
  const reads = inputs.map((name) => plan.read(name).name), { shape } = plan.read(inputs[0]);
  plan.make(name, "float32", []);
  plan.step({
    op: "maskedMeanSquare",
    words: [...memories(name, ...reads), sizeOf(shape)],
    reads,
    writes: [name],
  });
};

const maskedMeanSquareGradient: Lower = (plan, { inputs, outputs: [name] }) => {
  const reads = inputs.map((name) => plan.read(name).name), [, prediction] = reads;
  const { shape } = plan.read(prediction);
  plan.make(name, "float32", shape);
  plan.step({
    op: "maskedMeanSquareGradient",
    words: [...memories(name, ...reads), sizeOf(shape)],
    reads,
    writes: [name],
    replaces: [prediction],
  });
};

/** Rules by operator. */
export const composites: Readonly<Record<string, Lower>> = {
  Linear: linear,
  LayerNorm: norm,
  LayerNormGradient: normGradient,
  Attention: attention,
  AttentionGradient: attentionGradient,
  MaskedMeanSquare: maskedMeanSquare,
  MaskedMeanSquareGradient: maskedMeanSquareGradient,
};
