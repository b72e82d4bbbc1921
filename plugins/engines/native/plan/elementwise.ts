/**
 * Operators that treat each element alone.
 *
 * @module
 */

import type { Attribute, Node } from "../../../../streams/trace/graph.ts";
import { type Code, codeOf, isCode } from "../codes.ts";
import { broadcast, collapsed, repeating, sizeOf, wordsOf } from "./axes.ts";
import { BYTES, type Lower, type Planner, type Type, type Value } from "./planner.ts";

const COMPARISONS = ["Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"] as const;

/** The bits of a float as a word. */
export const bitsOf = (x: number): number => new Int32Array(Float32Array.of(x).buffer)[0];

/** An attribute that is a number. */
export const numberOf = (attribute: Attribute | undefined, otherwise: number): number =>
  typeof attribute === "object" && "float" in attribute
    ? attribute.float
    : typeof attribute === "number"
    ? attribute
    : otherwise;

/** Operations on elements of other types than floats that have kernels: map.c. */
const OTHERS: Readonly<Record<"ONE" | "TWO", Partial<Record<Type, readonly string[]>>>> = {
  ONE: {
    int32: ["Abs", "Clip", "Neg", "Relu", "Sign", "ToFloat", "ToBool"],
    bool: ["Not", "ToFloat", "ToInt"],
  },
  TWO: {
    int32: ["Add", "Sub", "Mul", "Div", "Mod", "Pow", "Max", "Min", ...COMPARISONS],
    bool: ["And", "Or", "Xor", "Equal"],
  },
};

/** Throws a RangeError where no kernel has an operation on elements of a type. */
function expectKernel(operands: "ONE" | "TWO", code: string, type: Type): void {
  const isFloat = type === "float32" && !["Not", "And", "Or", "Xor"].includes(code);
  if (isFloat || OTHERS[operands][type]?.includes(code)) return;
  throw new RangeError(`Cannot plan operation "${code}" on ${type}: no kernel does it`);
}

/** Applies an operation to each element of `x`; parameters are floats or, of integers, integers. */
export function mapOne(
  plan: Planner,
  { code, x, name, type = x.type, parameters = [0, 0] }: {
    readonly code: Code<"ONE">;
    readonly x: Value;
    readonly name: string;
    readonly type?: Type;
    readonly parameters?: readonly number[];
  },
): void {
  expectKernel("ONE", code, x.type);
  plan.make(name, type, x.shape);
  const bits = x.type === "float32" ? parameters.map(bitsOf) : parameters;
  plan.step({
    op: "mapOne",
    words: [
      { memory: name },
      { memory: x.name },
      codeOf("ONE", code),
      codeOf("TYPE", x.type),
      sizeOf(x.shape),
      ...bits,
    ],
    reads: [x.name],
    writes: [name],
    replaces: BYTES[type] === BYTES[x.type] ? [x.name] : [],
  });
}

const unary = (code: Code<"ONE">): Lower => (plan, { inputs, outputs }) =>
  mapOne(plan, { code, x: plan.read(inputs[0]), name: outputs[0] });

/** Operations whose second operand may be bf16. */
const GRADIENTS: ReadonlySet<string> = new Set([
  "ReluGradient",
  "LeakyReluGradient",
  "GeluGradient",
]);

/** Applies an operation to the pairs of two operands that broadcast. */
export function mapTwo(
  plan: Planner,
  { code, a, b, name, type = a.type, parameter = 0 }: {
    readonly code: Code<"TWO">;
    readonly a: Value;
    readonly b: Value;
    readonly name: string;
    readonly type?: Type;
    readonly parameter?: number;
  },
): Value {
  expectKernel("TWO", code, a.type);
  const shape = broadcast(a.shape, b.shape), size = sizeOf(shape);
  const nest = collapsed({ lengths: shape, strides: [a, b].map((x) => repeating(x.shape, shape)) });
  const made = plan.make(name, type, shape);
  const whole = [a, b].filter((x) => sizeOf(x.shape) === size);
  plan.step({
    op: "mapTwo",
    words: [
      { memory: name },
      { memory: a.name },
      { memory: b.name },
      codeOf("TWO", code),
      codeOf("TYPE", a.type),
      codeOf("TYPE", b.type),
      codeOf("TYPE", type),
      bitsOf(parameter),
      ...wordsOf(nest),
    ],
    reads: [a.name, b.name],
    writes: [name],
    replaces: whole.filter((x) => BYTES[x.type] === BYTES[type]).map((x) => x.name),
    ...(GRADIENTS.has(code) ? { either: [[b.name, 5]] } : {}),
  });
  return made;
}

const binary = (code: Code<"TWO">, type?: Type): Lower => (plan, { inputs, outputs }) => {
  const [a, b] = inputs.map(plan.read);
  mapTwo(plan, { code, a, b, name: outputs[0], ...(type && { type }) });
};

/** A sum, unless it is that of a gradient, which its last term can be added to. */
const add: Lower = (plan, node) => {
  if (!plan.addsUp(node.inputs[0], node.inputs[1], node.outputs[0])) binary("Add")(plan, node);
};

/** One operation over any number of operands. */
const together = (code: Code<"TWO">): Lower => (plan, { inputs, outputs: [name] }) => {
  const [first, ...others] = inputs.map(plan.read);
  others.reduce((a, b, i) => {
    const last = i === others.length - 1;
    return mapTwo(plan, { code, a, b, name: last ? name : `${name}:${i}` });
  }, first);
};

const TO = { float32: "ToFloat", int32: "ToInt", bool: "ToBool" } as const;
/** ONNX's numbers of element types. */
const CASTS: Readonly<Record<number, keyof typeof TO>> = {
  1: "float32",
  6: "int32",
  7: "int32",
  9: "bool",
};

const cast: Lower = (plan, { inputs, outputs, attributes }) => {
  const x = plan.read(inputs[0]), type = CASTS[Number(attributes.to)];
  if (type === x.type) plan.rename(outputs[0], x.name, x.shape);
  else mapOne(plan, { code: TO[type], x, name: outputs[0], type });
};

const clip: Lower = (plan, { inputs: [x, ...bounds], outputs }) => {
  const parameters = bounds.map((bound) => plan.numbers(bound)[0]);
  mapOne(plan, { code: "Clip", x: plan.read(x), name: outputs[0], parameters });
};

const where: Lower = (plan, { inputs, outputs: [name] }) => {
  const [condition, yes, no] = inputs.map(plan.read);
  const shape = broadcast(condition.shape, yes.shape, no.shape);
  const strides = [condition, yes, no].map((x) => repeating(x.shape, shape));
  plan.make(name, yes.type, shape);
  plan.step({
    op: "where",
    words: [
      ...[name, condition.name, yes.name, no.name].map((memory) => ({ memory })),
      BYTES[yes.type],
      ...wordsOf(collapsed({ lengths: shape, strides })),
    ],
    reads: [condition.name, yes.name, no.name],
    writes: [name],
  });
};

/** Operators that are one operation on one element, or on two. */
const plain = (names: readonly string[]): Readonly<Record<string, Lower>> =>
  Object.fromEntries(names.map((name) => {
    if (isCode("ONE", name)) return [name, unary(name)];
    if (isCode("TWO", name)) return [name, binary(name)];
    throw new RangeError(`Cannot plan operator "${name}": it has no code`);
  }));

const PLAIN =
  "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Floor Gelu Log Neg Not Reciprocal " +
  "Relu Round Selu Sigmoid Sign Sin Sinh Softplus Sqrt Tan Tanh Sub Mul Div Mod Pow Min And Or Xor " +
  "ReluGradient GeluGradient";

/** Rules by operator. */
export const elementwise: Readonly<Record<string, Lower>> = {
  ...plain(PLAIN.split(" ")),
  ...Object.fromEntries(COMPARISONS.map((code) => [code, binary(code, "bool")])),
  Add: add,
  Max: together("Max"),
  Sum: together("Add"),
  Cast: cast,
  Clip: clip,
  Where: where,
  Identity: (plan, { inputs: [x], outputs: [name] }: Node) =>
    plan.rename(name, x, plan.read(x).shape),
  IsNaN: (plan, { inputs, outputs }) =>
    mapOne(plan, { code: "IsNaN", x: plan.read(inputs[0]), name: outputs[0], type: "bool" }),
  LeakyRelu: (plan, { inputs, outputs, attributes }) => {
    const parameters = [numberOf(attributes.alpha, 0.01), 0];
    mapOne(plan, { code: "LeakyRelu", x: plan.read(inputs[0]), name: outputs[0], parameters });
  },
  HardSigmoid: (plan, { inputs, outputs, attributes }) => {
    const parameters = [numberOf(attributes.alpha, 0.2), numberOf(attributes.beta, 0.5)];
    mapOne(plan, { code: "HardSigmoid", x: plan.read(inputs[0]), name: outputs[0], parameters });
  },
  LeakyReluGradient: (plan, { inputs, outputs: [name], attributes }) => {
    const [a, b] = inputs.map(plan.read), parameter = numberOf(attributes.alpha, 0.01);
    mapTwo(plan, { code: "LeakyReluGradient", a, b, name, parameter });
  },
  Drop: (plan, { inputs: [x, bytes, factor], outputs: [name] }) => {
    const [a, b] = [x, bytes].map(plan.read), parameter = plan.numbers(factor)[0];
    mapTwo(plan, { code: "Drop", a, b, name, parameter });
  },
};
