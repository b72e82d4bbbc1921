/**
 * The functions of TensorFlow's C interface that are used here (c_api.h, eager/c_api.h).
 *
 * Those that can fail take a status last. All of them return before their caller goes on, so that
 * no native thread outlives the memory of the isolate.
 *
 * @module
 */

import { openLibrary } from "../../../streams/platform.ts";

const FUNCTIONS = {
  TF_Version: { parameters: [], result: "pointer" },

  TF_NewStatus: { parameters: [], result: "pointer" },
  TF_GetCode: { parameters: ["pointer"], result: "i32" },
  TF_Message: { parameters: ["pointer"], result: "pointer" },
  TF_SetStatus: { parameters: ["pointer", "i32", "buffer"], result: "void" },

  /** Element type; shape, rank; bytes. */
  TF_AllocateTensor: { parameters: ["i32", "buffer", "i32", "usize"], result: "pointer" },
  TF_DeleteTensor: { parameters: ["pointer"], result: "void" },
  TF_TensorData: { parameters: ["pointer"], result: "pointer" },
  TF_TensorByteSize: { parameters: ["pointer"], result: "usize" },

  TFE_NewContextOptions: { parameters: [], result: "pointer" },
  /** Options; a ConfigProto and its bytes; status. */
  TFE_ContextOptionsSetConfig: {
    parameters: ["pointer", "buffer", "usize", "pointer"],
    result: "void",
  },
  TFE_DeleteContextOptions: { parameters: ["pointer"], result: "void" },
  TFE_NewContext: { parameters: ["pointer", "pointer"], result: "pointer" },

  TFE_ContextListDevices: { parameters: ["pointer", "pointer"], result: "pointer" },
  TF_DeviceListCount: { parameters: ["pointer"], result: "i32" },
  TF_DeviceListName: { parameters: ["pointer", "i32", "pointer"], result: "pointer" },
  TF_DeviceListType: { parameters: ["pointer", "i32", "pointer"], result: "pointer" },
  TF_DeleteDeviceList: { parameters: ["pointer"], result: "void" },

  TFE_NewTensorHandle: { parameters: ["pointer", "pointer"], result: "pointer" },
  /** Handle, context, name of the device; status. */
  TFE_TensorHandleCopyToDevice: {
    parameters: ["pointer", "pointer", "buffer", "pointer"],
    result: "pointer",
  },
  TFE_TensorHandleResolve: { parameters: ["pointer", "pointer"], result: "pointer" },
  TFE_TensorHandleDataType: { parameters: ["pointer"], result: "i32" },
  TFE_TensorHandleNumDims: { parameters: ["pointer", "pointer"], result: "i32" },
  TFE_TensorHandleDim: { parameters: ["pointer", "i32", "pointer"], result: "i64" },
  TFE_DeleteTensorHandle: { parameters: ["pointer"], result: "void" },

  TFE_NewOp: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  TFE_OpAddInput: { parameters: ["pointer", "pointer", "pointer"], result: "void" },
  /** Operation; room for the handles, their number, in and out; status. */
  TFE_Execute: { parameters: ["pointer", "buffer", "buffer", "pointer"], result: "void" },
  TFE_DeleteOp: { parameters: ["pointer"], result: "void" },

  // Operation, name of the attribute, its value; lists and texts with their lengths.
  TFE_OpSetAttrString: { parameters: ["pointer", "buffer", "buffer", "usize"], result: "void" },
  TFE_OpSetAttrInt: { parameters: ["pointer", "buffer", "i64"], result: "void" },
  TFE_OpSetAttrFloat: { parameters: ["pointer", "buffer", "f32"], result: "void" },
  TFE_OpSetAttrBool: { parameters: ["pointer", "buffer", "u8"], result: "void" },
  TFE_OpSetAttrType: { parameters: ["pointer", "buffer", "i32"], result: "void" },
  TFE_OpSetAttrShape: {
    parameters: ["pointer", "buffer", "buffer", "i32", "pointer"],
    result: "void",
  },
  TFE_OpSetAttrIntList: { parameters: ["pointer", "buffer", "buffer", "i32"], result: "void" },
  TFE_OpSetAttrFloatList: { parameters: ["pointer", "buffer", "buffer", "i32"], result: "void" },
  TFE_OpSetAttrBoolList: { parameters: ["pointer", "buffer", "buffer", "i32"], result: "void" },
} as const;

/** The functions, by their names in the headers. */
export type Api = ReturnType<typeof openApi>;

/**
 * Opens the library at `path`, for the rest of the process. It finds libtensorflow_framework beside
 * itself.
 *
 * @throws Error when it does not exist, does not fit this machine or lacks a function.
 */
export const openApi = (path: string) => openLibrary(path, FUNCTIONS);
