/**
 * The numbers by which a plan names kernels, element types and operations, and the header that tells
 * the C sources the same.
 *
 * @module
 */

const CODES = {
  OP: [
    "attention",
    "attentionGradient",
    "copy",
    "cumulate",
    "fill",
    "fillKeep",
    "gather",
    "gatherMany",
    "linear",
    "mapOne",
    "mapTwo",
    "maskedMeanSquare",
    "maskedMeanSquareGradient",
    "norm",
    "normGradient",
    "position",
    "product",
    "reduce",
    "scatterAdd",
    "softmax",
    "where",
  ],
  TYPE: ["float32", "int32", "bool", "bfloat16"],
  SPACE: ["FIXED", "CELL", "THREAD", "CHAIN", "ROUND", "PLAN"],
  ACTIVATION: ["none", "relu", "leakyRelu"],
  FOLD: ["Sum", "Prod", "Max", "Min"],
  ONE: [
    "Abs",
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "Ceil",
    "Clip",
    "Cos",
    "Cosh",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "HardSigmoid",
    "IsNaN",
    "LeakyRelu",
    "Log",
    "Neg",
    "Not",
    "Reciprocal",
    "Relu",
    "Round",
    "Selu",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Softplus",
    "Sqrt",
    "Tan",
    "Tanh",
    "ToBfloat16",
    "ToBool",
    "ToFloat",
    "ToInt",
  ],
  TWO: [
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Mod",
    "Pow",
    "Max",
    "Min",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "Equal",
    "And",
    "Or",
    "Xor",
    "Drop",
    "ReluGradient",
    "LeakyReluGradient",
    "GeluGradient",
  ],
} as const;

/** Families of codes. */
export type Family = keyof typeof CODES;

/** Names within a family. */
export type Code<F extends Family> = (typeof CODES)[F][number];

/** The number of a name. */
export const codeOf = <F extends Family>(family: F, name: Code<F>): number =>
  (CODES[family] as readonly string[]).indexOf(name);

/** The name of a number. */
export const nameOf = <F extends Family>(family: F, code: number): Code<F> =>
  CODES[family][code] as Code<F>;

/** Whether a family has that name. */
export const isCode = <F extends Family>(family: F, name: string): name is Code<F> =>
  (CODES[family] as readonly string[]).includes(name);

/** The file `codes.h`. */
export const codesHeader = (): string =>
  Object.entries(CODES).map(([family, names]) =>
    `enum { ${names.map((name) => `${family}_${name}`).join(", ")} };\n`
  ).join("");
