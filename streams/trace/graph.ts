/**
 * Graphs of static shapes in the operators of ONNX, and the builder that a trace writes to.
 *
 * @module
 */

/** Element types of the values in a graph. */
export type DType = "float32" | "int32" | "int64" | "uint8" | "bool";

/** An attribute: an integer, integers, a word, or a number that stays a float. */
export type Attribute = number | readonly number[] | string | { readonly float: number };

/** Attributes by ONNX's names. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** One operator call; values are named, every name is written once. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** Name of the composite that it is a part of, "attention" or "attentionGradient"; "" of none. */
  readonly within: string;
}

/** A value that crosses the border of a graph; a word in the shape is a length known at run time. */
export interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** A value that is part of the graph, little-endian. */
export interface Constant extends Port {
  readonly bytes: Uint8Array;
}

/** Nodes in an order in which every value is written before it is read. */
export interface Graph {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly constants: readonly Constant[];
  readonly nodes: readonly Node[];
  /** Bytes of values, as far as they are known. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Writes a graph; calls that repeat an earlier one get the earlier one's result. */
export interface GraphBuilder {
  input(port: Port): string;
  /** Makes the value `from` an output of that name and kind. */
  output(port: Port, from: string): void;
  constant(dtype: DType, shape: readonly number[], values: ArrayLike<number>): string;
  /** Adds an operator with one output and returns its name. */
  add(op: string, inputs: readonly string[], attributes?: Attributes): string;
  /** Adds an operator with several outputs. */
  addMany(
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: number,
  ): readonly string[];
  /** Notes the bytes that a value takes. */
  measure(name: string, bytes: number): void;
  /** What `f` returns; nodes that it adds do not stand for earlier ones, nor do later ones for them. */
  anew<T>(f: () => T): T;
  /** From now on nodes are part of the composite of that name; "" of none. */
  enter(composite: string): void;
  /** The node that writes a value; undefined for inputs and constants. */
  producer(name: string): Node | undefined;
  /** The graph without what reaches no output. */
  build(): Graph;
}

/** Constants up to this many bytes are looked up by content before one more is made. */
const SHARED_BYTES = 256;

/** A builder with nothing in it. */
export function graphBuilder(): GraphBuilder {
  const inputs: Port[] = [], constants: Constant[] = [], nodes: Node[] = [];
  const ends: { readonly port: Port; readonly from: string }[] = [];
  const known = new Map<string, readonly string[]>(), producers = new Map<string, Node>();
  const sizes = new Map<string, number>();
  let named = 0, within = "", scope = 0, scopes = 0;

  function constant(dtype: DType, shape: readonly number[], values: ArrayLike<number>): string {
    const bytes = bytesOf(dtype, values);
    const key = bytes.length <= SHARED_BYTES ? `${dtype}[${shape}]${bytes}` : undefined;
    const found = key === undefined ? undefined : known.get(key);
    if (found) return found[0];
    const name = `c${named++}`;
    constants.push({ name, dtype, shape, bytes });
    if (key !== undefined) known.set(key, [name]);
    return name;
  }
  function addMany(
    op: string,
    from: readonly string[],
    attributes: Attributes,
    count: number,
  ): readonly string[] {
    const key = `${scope} ${op}(${from})${JSON.stringify(attributes)}`;
    const found = known.get(key);
    if (found) return found;
    const outputs = Array.from({ length: count }, () => `t${named++}`);
    const node = { op, inputs: from, outputs, attributes, within };
    nodes.push(node);
    for (const name of outputs) producers.set(name, node);
    known.set(key, outputs);
    return outputs;
  }
  return {
    input(port) {
      inputs.push(port);
      return port.name;
    },
    output: (port, from) => void ends.push({ port, from }),
    constant,
    add: (op, from, attributes = {}) => addMany(op, from, attributes, 1)[0],
    addMany,
    measure: (name, bytes) => void sizes.set(name, bytes),
    anew(f) {
      const outer = scope;
      scope = ++scopes;
      try {
        return f();
      } finally {
        scope = outer;
      }
    },
    enter: (composite) => void (within = composite),
    producer: (name) => producers.get(name),
    build() {
      const outputs = ends.map(({ port }) => port);
      return prune({ inputs, outputs, constants, nodes: leaving(nodes, ends), sizes });
    },
  };
}

/** Nodes that write the outputs: whoever makes a value gives it the name of the port that it leaves by. */
function leaving(
  nodes: readonly Node[],
  ends: readonly { readonly port: Port; readonly from: string }[],
): readonly Node[] {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const names = new Map<string, string>(), copies: Node[] = [];
  const copy = { op: "Identity", attributes: {}, within: "" };
  for (const { port: { name }, from } of ends) {
    if (made.has(from) && !names.has(from)) names.set(from, name);
    else copies.push({ ...copy, inputs: [from], outputs: [name] });
  }
  const rename = (name: string) => names.get(name) ?? name;
  return [...nodes, ...copies].map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
}

function prune(graph: Graph): Graph {
  const live = new Set(graph.outputs.map((port) => port.name));
  const nodes = graph.nodes.toReversed().filter((node) => {
    const used = node.outputs.some((name) => live.has(name));
    if (used) { for (const name of node.inputs) live.add(name); }
    return used;
  }).toReversed();
  const isLive = (port: Port) => live.has(port.name);
  return {
    inputs: graph.inputs.filter(isLive),
    outputs: graph.outputs,
    constants: graph.constants.filter(isLive),
    nodes,
    sizes: graph.sizes,
  };
}

function bytesOf(dtype: DType, values: ArrayLike<number>): Uint8Array {
  switch (dtype) {
    case "float32":
      return new Uint8Array(Float32Array.from(values).buffer);
    case "int32":
      return new Uint8Array(Int32Array.from(values).buffer);
    case "int64":
      return new Uint8Array(BigInt64Array.from(Array.from(values, BigInt)).buffer);
    case "uint8":
    case "bool":
      return Uint8Array.from(values);
  }
}
