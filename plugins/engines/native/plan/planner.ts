/**
 * What a graph is lowered with: values with their shapes, and the steps that make them.
 *
 * @module
 */

import type { Graph, Node, Port } from "../../../../streams/trace/graph.ts";
import type { Role, Trace } from "../../../../streams/trace/trace.ts";
import type { Code } from "../codes.ts";
import { collapsed, sizeOf, stridesOf, wordsOf } from "./axes.ts";

/** Element types of memory; the graph's others are one of them. */
export type Type = Code<"TYPE">;

/** Bytes of an element. */
export const BYTES: Readonly<Record<Type, number>> = { float32: 4, int32: 4, bool: 1, bfloat16: 2 };

/** What elements are seen as. */
export const ELEMENTS = {
  float32: Float32Array,
  int32: Int32Array,
  bool: Uint8Array,
  bfloat16: Uint16Array,
} as const;

/** What is known of a value. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: Type;
}

/** A word of an instruction, or two of them: the memory of a value. */
export type Word = number | { readonly memory: string };

/** A call of a kernel. */
export interface Step {
  readonly op: Code<"OP">;
  readonly words: Word[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Of the values that it reads, those whose memory it may write its first result to. */
  readonly replaces?: readonly string[];
  /** Of the values that it reads, those that may be bf16, each with the place in `words` of its type. */
  readonly either?: readonly (readonly [name: string, word: number])[];
  /** For each of `writes` the place in `words` that says 1 to add to what is there. */
  readonly adds?: readonly number[];
}

/** A noise site of the program. */
export type Site = Extract<Role, { readonly is: "noise" }>;

/** Lowers nodes one after the other. */
export interface Planner {
  /** A value that a node reads; its bytes are drawn first where it is noise. */
  read(name: string): Value;
  /** Numbers of a constant. */
  numbers(name: string): readonly number[];
  /** The noise site of a value that is not read as bytes. */
  site(name: string): Site;
  /** The shape of a site in a cell of full length. */
  whole(site: Site): readonly number[];
  /** A new value; results that leave the program have their place already. */
  make(name: string, type: Type, shape: readonly number[]): Value;
  /** Memory that one step works in. */
  scratch(floats: number): Value;
  /** The memory of `from` as another shape or type of the same size. */
  rename(name: string, from: string, shape: readonly number[], type?: Type): void;
  /** A value of numbers that are known now; copied where it leaves the program. */
  constant(name: string, type: Type, shape: readonly number[], numbers: readonly number[]): void;
  /** Adds a step, unless there is nothing that it would write. */
  step(step: Step): void;
  /** Whether `name` is the sum of a gradient before the run, and `term` needs no memory of its own. */
  addsUp(before: string, term: string, sum: string): boolean;
}

/** What lowering leaves. */
export interface Lowered {
  readonly steps: readonly Step[];
  readonly values: ReadonlyMap<string, Value>;
  /** The value whose memory a value has. */
  readonly rootOf: (name: string) => string;
  /** Values that are known beforehand. */
  readonly constants: ReadonlyMap<string, readonly number[]>;
}

/** How a node becomes steps. */
export type Lower = (plan: Planner, node: Node) => void;

/** Shapes of noise sites by their index, in a cell of full length. */
export type Wholes = ReadonlyMap<number, readonly number[]>;

/** Lowers the nodes of a graph by the rules of their operators. */
export function lowered(
  { graph, roles }: Trace,
  rules: Readonly<Record<string, Lower>>,
  wholes: Wholes,
): Lowered {
  const values = new Map<string, Value>(), roots = new Map<string, string>();
  const constants = new Map<string, readonly number[]>(), steps: Step[] = [];
  const drawn = new Set<string>(), readers = readersOf(graph);
  const rootOf = (name: string): string => {
    const from = roots.get(name);
    return from === undefined ? name : rootOf(from);
  };
  const leaves = new Set(graph.outputs.map(({ name }) => name));
  for (const port of graph.inputs) values.set(port.name, valueOf(port));
  for (const constant of graph.constants) {
    values.set(constant.name, valueOf(constant));
    constants.set(constant.name, numbersOf(constant.dtype, constant.bytes));
  }

  const plan: Planner = {
    read(name) {
      const role = roles.get(name), value = values.get(name);
      if (!value) throw new RangeError(`Cannot plan: value "${name}" is read before it is made`);
      if (role?.is === "noise" && !drawn.has(name)) {
        drawn.add(name);
        const whole = plan.whole(role);
        const nest = collapsed({ lengths: value.shape, strides: [stridesOf(whole)] });
        const words = [
          { memory: name },
          role.index,
          limitOf(role),
          sizeOf(whole),
          ...wordsOf(nest),
        ];
        steps.push({ op: "fillKeep", words, reads: [], writes: [name] });
      }
      return value;
    },
    numbers(name) {
      const numbers = constants.get(name);
      if (numbers) return numbers;
      throw new RangeError(`Cannot plan: "${name}" must be known before the run`);
    },
    site(name) {
      const role = roles.get(name);
      if (role?.is === "noise") return role;
      throw new RangeError(`Cannot plan: "${name}" is no noise site`);
    },
    whole: ({ index, site }) => wholes.get(index) ?? site.shape,
    make(name, type, shape) {
      const value = { name, type, shape };
      values.set(name, value);
      return value;
    },
    scratch: (floats) => plan.make(`scratch:${values.size}`, "float32", [floats]),
    rename(name, from, shape, type = plan.read(from).type) {
      const value = plan.make(name, type, shape);
      if (!leaves.has(name)) return void roots.set(name, from);
      const size = sizeOf(shape);
      steps.push({
        op: "copy",
        words: [{ memory: name }, { memory: from }, BYTES[value.type], 0, 0, 1, size, 1, 1],
        reads: [from],
        writes: [name],
      });
    },
    constant(name, type, shape, numbers) {
      // What leaves the program has its place already.
      const own = leaves.has(name) ? `${name}:known` : name;
      plan.make(own, type, shape);
      constants.set(own, numbers);
      if (own !== name) plan.rename(name, own, shape);
    },
    step(step) {
      const isIdle = step.writes.every((name) => sizeOf(values.get(name)!.shape) === 0);
      if (!isIdle) steps.push(step);
    },
    addsUp(before, term, sum) {
      if (roles.get(before)?.is !== "gradient") return false;
      const root = rootOf(term);
      const writers = steps.filter(({ writes }) => writes.includes(root));
      const flag = writers[0]?.adds?.[writers[0].writes.indexOf(root)];
      if (writers.length !== 1 || flag === undefined) return false;
      for (let name: string | undefined = term; name; name = roots.get(name)) {
        if (readers.get(name) !== 1) return false;
      }
      writers[0].words[flag] = 1;
      roots.set(root, sum);
      return true;
    },
  };
  for (const node of graph.nodes) {
    const rule = rules[node.op];
    if (!rule) throw new RangeError(`Cannot plan operator "${node.op}": it is unknown`);
    rule(plan, node);
  }
  return { steps, values, rootOf, constants };
}

/** Bytes below this drop. */
export const limitOf = ({ site }: Site): number => Math.round(site.rate * 256);

const TYPES: Readonly<Record<Port["dtype"], Type>> = {
  float32: "float32",
  int32: "int32",
  int64: "int32",
  uint8: "bool",
  bool: "bool",
};

const valueOf = ({ name, dtype, shape }: Port): Value => ({
  name,
  type: TYPES[dtype],
  shape: shape.map(Number),
});

function numbersOf(dtype: Port["dtype"], bytes: Uint8Array): readonly number[] {
  const { buffer } = bytes.slice();
  if (dtype === "float32") return Array.from(new Float32Array(buffer));
  if (dtype === "int32") return Array.from(new Int32Array(buffer));
  if (dtype === "int64") return Array.from(new BigInt64Array(buffer), Number);
  return Array.from(bytes);
}

/** How often each value is read, inside the graph and by whoever gets it. */
function readersOf({ nodes, outputs }: Graph): ReadonlyMap<string, number> {
  const readers = new Map<string, number>();
  for (const name of [...nodes.flatMap(({ inputs }) => inputs), ...outputs.map((o) => o.name)]) {
    readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  return readers;
}
