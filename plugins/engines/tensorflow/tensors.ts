/**
 * Numbers into TensorFlow's memory and out of it. Both ways they are copied: TensorFlow may keep a
 * tensor for longer than JavaScript keeps an array, and the other way round.
 *
 * @module
 */

import { memoryAt, type Pointer } from "../../../streams/platform.ts";
import type { Context } from "./context.ts";
import { check } from "./status.ts";

/** Element types by the numbers of tensorflow/core/framework/types.proto. */
export const TYPE = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  resource: 20,
} as const;

/** Arrays that hold the elements of a tensor. */
export type Elements = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** What a type is in JavaScript, and how many of it make one element. */
interface Layout {
  readonly name: string;
  readonly array: {
    new (buffer: ArrayBuffer): Elements;
    readonly name: string;
    readonly BYTES_PER_ELEMENT: number;
  };
  readonly each: number;
}

const LAYOUT = new Map<number, Layout>([
  [TYPE.float32, { name: "float32", array: Float32Array, each: 1 }],
  [TYPE.int32, { name: "int32", array: Int32Array, each: 1 }],
  [TYPE.bool, { name: "bool", array: Uint8Array, each: 1 }],
  [TYPE.uint8, { name: "uint8", array: Uint8Array, each: 1 }],
  [TYPE.complex64, { name: "complex64", array: Float32Array, each: 2 }],
  // The published kernels write 64-bit integers as two halves, and read them as one.
  [TYPE.int64, { name: "int64", array: BigInt64Array, each: 1 }],
]);

/**
 * A handle on a tensor of these elements, row-major, on the context's device; 32-bit integers stay
 * in the processor's memory, where the GPU's kernels want shapes and axes to be.
 *
 * @throws RangeError when the elements are not what type and shape say; RunError when TensorFlow
 * has no memory left.
 */
export function newHandle(
  context: Context,
  { type, shape, values }: {
    readonly type: number;
    readonly shape: readonly number[];
    readonly values: ArrayBufferView;
  },
): Pointer {
  const { api, status, pointer, device } = context;
  const bytes = checkedBytes(type, shape, values), action = "make a tensor";
  const tensor = api.TF_AllocateTensor(type, dimensions(shape), shape.length, BigInt(bytes.length));
  try {
    if (bytes.length > 0) {
      new Uint8Array(memoryAt(api.TF_TensorData(tensor), bytes.length)).set(bytes);
    }
    const handle = check(status, action, api.TFE_NewTensorHandle(tensor, status.pointer));
    if (device.kind === "CPU" || type === TYPE.int32) return handle;
    try {
      const there = api.TFE_TensorHandleCopyToDevice(handle, pointer, device.name, status.pointer);
      return check(status, action, there);
    } finally {
      api.TFE_DeleteTensorHandle(handle);
    }
  } finally {
    api.TF_DeleteTensor(tensor);
  }
}

/** A copy of the elements that a handle stands for; waits until they are there. */
export function readHandle({ api, status }: Context, handle: Pointer): Elements {
  const layout = layoutOf(api.TFE_TensorHandleDataType(handle));
  const tensor = check(
    status,
    "read a tensor",
    api.TFE_TensorHandleResolve(handle, status.pointer),
  );
  try {
    const bytes = Number(api.TF_TensorByteSize(tensor));
    if (bytes === 0) return new layout.array(new ArrayBuffer(0));
    return new layout.array(memoryAt(api.TF_TensorData(tensor), bytes).slice(0));
  } finally {
    api.TF_DeleteTensor(tensor);
  }
}

/** The shape that a handle has. */
export function shapeOf({ api, status }: Context, handle: Pointer): number[] {
  const rank = api.TFE_TensorHandleNumDims(handle, status.pointer), shape: number[] = [];
  for (let i = 0; i < rank; i++) {
    shape.push(Number(api.TFE_TensorHandleDim(handle, i, status.pointer)));
  }
  return check(status, "read a shape", shape);
}

/** Lengths as TensorFlow reads them. */
export const dimensions = (shape: readonly number[]): BigInt64Array<ArrayBuffer> =>
  BigInt64Array.from(shape, BigInt);

function layoutOf(type: number): Layout {
  const layout = LAYOUT.get(type);
  if (layout) return layout;
  throw new RangeError(
    `Cannot move a tensor of TensorFlow's type ${type}: only numbers and booleans are moved`,
  );
}

function checkedBytes(
  type: number,
  shape: readonly number[],
  values: ArrayBufferView,
): Uint8Array {
  const { name, array, each } = layoutOf(type);
  const length = shape.reduce((a, b) => a * b, each), bytes = length * array.BYTES_PER_ELEMENT;
  const fits = values instanceof array || type === TYPE.int64 && values instanceof Int32Array;
  if (fits && values.byteLength === bytes) {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  throw new RangeError(
    `Cannot make a tensor ${name} [${shape}]: ${values?.constructor?.name} of ` +
      `${values?.byteLength} bytes given, ${array.name} of ${bytes} bytes expected`,
  );
}
