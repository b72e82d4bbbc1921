/**
 * What the published kernels of TensorFlow.js for Node ask of their native addon, on TensorFlow's
 * C interface. Tensors are numbers here, as they are there.
 *
 * @module
 */

import type { TFJSBinding } from "@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js";
import { type Pointer, pointerOf, textAt } from "../../../streams/platform.ts";
import { ATTRIBUTE, type Attribute, setAttribute } from "./attributes.ts";
import type { Context } from "./context.ts";
import { check } from "./status.ts";
import { newHandle, readHandle, shapeOf, TYPE } from "./tensors.ts";
import { lastingName } from "./text.ts";

/** The part of the addon that computes; saved models are left out. */
export type Binding = Omit<
  TFJSBinding,
  `${string}SavedModel${string}` | "TensorMetadata" | "TFEOpAttr"
>;

/** The addon's interface on a context. */
export function bindingOf(context: Context): Binding {
  const handles = new Map<number, Pointer>();
  let next = 0;

  function handleOf(id: number): Pointer {
    const handle = handles.get(id);
    if (handle) return handle;
    throw new RangeError(`Cannot use tensor ${id}: it does not exist or was disposed of`);
  }
  function keep(handle: Pointer): number {
    handles.set(next, handle);
    return next++;
  }
  return {
    createTensor: (shape, type, values) =>
      keep(newHandle(context, { type, shape, values: values as ArrayBufferView })),
    deleteTensor(id) {
      context.api.TFE_DeleteTensorHandle(handleOf(id));
      handles.delete(id);
    },
    tensorDataSync: (id) => readHandle(context, handleOf(id)) as Float32Array,
    executeOp: (name, attributes, inputs, outputs) =>
      execute(context, { name, attributes, inputs: inputs.map(handleOf), outputs })
        .map((handle) => ({
          id: keep(handle),
          shape: shapeOf(context, handle),
          dtype: context.api.TFE_TensorHandleDataType(handle),
        })),
    getNumOfTensors: () => handles.size,
    isUsingGpuDevice: () => context.device.kind === "GPU",
    TF_FLOAT: TYPE.float32,
    TF_INT32: TYPE.int32,
    TF_INT64: TYPE.int64,
    TF_BOOL: TYPE.bool,
    TF_COMPLEX64: TYPE.complex64,
    TF_STRING: TYPE.string,
    TF_RESOURCE: TYPE.resource,
    TF_UINT8: TYPE.uint8,
    TF_ATTR_STRING: ATTRIBUTE.string,
    TF_ATTR_INT: ATTRIBUTE.int,
    TF_ATTR_FLOAT: ATTRIBUTE.float,
    TF_ATTR_BOOL: ATTRIBUTE.bool,
    TF_ATTR_TYPE: ATTRIBUTE.type,
    TF_ATTR_SHAPE: ATTRIBUTE.shape,
    TF_ATTR_RESOURCE: ATTRIBUTE.resource,
    TF_Version: textAt(context.api.TF_Version()),
  };
}

/** One operation: its name, attributes and inputs, and how many outputs it may have. */
interface Operation {
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly inputs: readonly Pointer[];
  readonly outputs: number;
}

/** Runs one operation, and returns handles on its outputs, which the caller owns. */
function execute(
  context: Context,
  { name, attributes, inputs, outputs }: Operation,
): Pointer[] {
  const { api, status, pointer } = context, action = `run ${name}`;
  const operation = check(
    status,
    action,
    api.TFE_NewOp(pointer, lastingName(name), status.pointer),
  );
  try {
    for (const input of inputs) {
      api.TFE_OpAddInput(operation, input, status.pointer);
      check(status, action, undefined);
    }
    for (const attribute of attributes) setAttribute(context, operation, attribute);
    const made = new BigUint64Array(outputs), count = Int32Array.of(outputs);
    api.TFE_Execute(operation, made, count, status.pointer);
    check(status, action, undefined);
    return Array.from(made.subarray(0, count[0]), pointerOf);
  } finally {
    api.TFE_DeleteOp(operation);
  }
}
