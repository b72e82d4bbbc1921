/**
 * Graphs as ONNX models: the few protobuf messages of onnx.proto that a graph needs.
 *
 * @module
 */

import type {
  Attribute,
  Constant,
  DType,
  Graph,
  Node,
  Port,
} from "../../../streams/trace/graph.ts";

/** ONNX's numbers for element types (TensorProto.DataType). */
export const ELEMENT_TYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
};

/** Operators that ONNX Runtime adds to the standard ones. */
const MICROSOFT: ReadonlySet<string> = new Set(["FusedMatMul"]);

const IR_VERSION = 8, OPERATORS_VERSION = 17, MICROSOFT_VERSION = 1;

/** The bytes of a model that computes `graph`. */
export function encodeModel(graph: Graph): Uint8Array<ArrayBuffer> {
  const model = writer();
  model.integer(1, IR_VERSION);
  model.text(2, "gil");
  model.message(7, (out) => {
    for (const node of graph.nodes) out.message(1, (to) => writeNode(to, node));
    out.text(2, "program");
    for (const constant of graph.constants) out.message(5, (to) => writeConstant(to, constant));
    for (const port of graph.inputs) out.message(11, (to) => writePort(to, port));
    for (const port of graph.outputs) out.message(12, (to) => writePort(to, port));
  });
  for (const [domain, version] of [["", OPERATORS_VERSION], ["com.microsoft", MICROSOFT_VERSION]]) {
    model.message(8, (out) => {
      out.text(1, String(domain));
      out.integer(2, Number(version));
    });
  }
  return model.bytes();
}

function writeNode(out: Writer, { op, inputs, outputs, attributes }: Node): void {
  for (const name of inputs) out.text(1, name);
  for (const name of outputs) out.text(2, name);
  out.text(3, outputs[0]);
  out.text(4, op);
  for (const [name, value] of Object.entries(attributes)) {
    out.message(5, (to) => writeAttribute(to, name, value));
  }
  if (MICROSOFT.has(op)) out.text(7, "com.microsoft");
}

function writeAttribute(out: Writer, name: string, value: Attribute): void {
  out.text(1, name);
  if (typeof value === "number") {
    out.integer(3, value);
    out.integer(20, 2);
  } else if (typeof value === "string") {
    out.text(4, value);
    out.integer(20, 3);
  } else if ("float" in value) {
    out.float(2, value.float);
    out.integer(20, 1);
  } else {
    for (const integer of value) out.integer(8, integer);
    out.integer(20, 7);
  }
}

function writeConstant(out: Writer, { name, dtype, shape, bytes }: Constant): void {
  for (const length of shape) out.integer(1, Number(length));
  out.integer(2, ELEMENT_TYPE[dtype]);
  out.text(8, name);
  out.binary(9, bytes);
}

function writePort(out: Writer, { name, dtype, shape }: Port): void {
  out.text(1, name);
  out.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, ELEMENT_TYPE[dtype]);
      tensor.message(2, (lengths) => {
        for (const length of shape) {
          lengths.message(1, (to) =>
            typeof length === "number" ? to.integer(1, length) : to.text(2, length));
        }
      });
    }));
}

/** Appends protobuf fields, each with its number. */
interface Writer {
  integer(field: number, value: number): void;
  float(field: number, value: number): void;
  text(field: number, value: string): void;
  binary(field: number, value: Uint8Array): void;
  message(field: number, write: (out: Writer) => void): void;
  bytes(): Uint8Array<ArrayBuffer>;
}

function writer(): Writer {
  let buffer = new Uint8Array(256), length = 0;

  function reserve(bytes: number): void {
    if (length + bytes <= buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * buffer.length, length + bytes));
    larger.set(buffer);
    buffer = larger;
  }
  /** Seven bits a byte, the lowest first; negative numbers as 64-bit two's complement. */
  function varint(value: number): void {
    reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) buffer[length++] = Number(rest & 127n) | 128;
    buffer[length++] = Number(rest);
  }
  const out: Writer = {
    integer(field, value) {
      varint(field * 8);
      varint(value);
    },
    float(field, value) {
      varint(field * 8 + 5);
      reserve(4);
      new DataView(buffer.buffer).setFloat32(length, value, true);
      length += 4;
    },
    text: (field, value) => out.binary(field, new TextEncoder().encode(value)),
    binary(field, value) {
      varint(field * 8 + 2);
      varint(value.length);
      reserve(value.length);
      buffer.set(value, length);
      length += value.length;
    },
    message(field, write) {
      const inner = writer();
      write(inner);
      out.binary(field, inner.bytes());
    },
    bytes: () => buffer.subarray(0, length),
  };
  return out;
}
