/**
 * The functions of ONNX Runtime's C interface that are used here.
 *
 * They stand in a table (`struct OrtApi` of onnxruntime_c_api.h) that only ever grows, so that an
 * index stays what it is.
 *
 * @module
 */

import {
  functionAt,
  type NativeFunction,
  type Pointer,
  pointerAt,
  type Signature,
} from "../../../streams/platform.ts";

/** Version of the table that is asked for; later libraries serve it too. */
export const API_VERSION = 17;

/**
 * Place and signature of each function. Those that make something write it to their last parameter
 * and return null or a status. What works off the main thread takes native memory only: memory of
 * the isolate could be gone before the call ends.
 */
const FUNCTIONS = {
  GetErrorMessage: { at: 2, parameters: ["pointer"], result: "pointer" },
  CreateSessionFromArray: {
    at: 8,
    parameters: ["pointer", "pointer", "usize", "pointer", "pointer"],
    result: "pointer",
    nonblocking: true,
  },
  /** Session, options; names, values and number of the inputs; names, number and values of the outputs. */
  Run: {
    at: 9,
    parameters: [
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "usize",
      "pointer",
      "usize",
      "pointer",
    ],
    result: "pointer",
    nonblocking: true,
  },
  CreateSessionOptions: { at: 10, parameters: ["buffer"], result: "pointer" },
  DisableMemPattern: { at: 17, parameters: ["pointer"], result: "pointer" },
  SetSessionGraphOptimizationLevel: { at: 23, parameters: ["pointer", "i32"], result: "pointer" },
  SetIntraOpNumThreads: { at: 24, parameters: ["pointer", "i32"], result: "pointer" },
  SetInterOpNumThreads: { at: 25, parameters: ["pointer", "i32"], result: "pointer" },
  CreateRunOptions: { at: 39, parameters: ["buffer"], result: "pointer" },
  RunOptionsSetTerminate: { at: 46, parameters: ["pointer"], result: "pointer" },
  /** Memory, data, bytes; shape, rank; element type; the tensor. */
  CreateTensorWithDataAsOrtValue: {
    at: 49,
    parameters: ["pointer", "pointer", "usize", "buffer", "usize", "i32", "buffer"],
    result: "pointer",
  },
  CreateCpuMemoryInfo: { at: 69, parameters: ["i32", "i32", "buffer"], result: "pointer" },
  AllocatorAlloc: { at: 75, parameters: ["pointer", "usize", "buffer"], result: "pointer" },
  AllocatorFree: { at: 76, parameters: ["pointer", "pointer"], result: "pointer" },
  GetAllocatorWithDefaultOptions: { at: 78, parameters: ["buffer"], result: "pointer" },
  ReleaseStatus: { at: 93, parameters: ["pointer"], result: "void" },
  ReleaseSession: { at: 95, parameters: ["pointer"], result: "void" },
  ReleaseValue: { at: 96, parameters: ["pointer"], result: "void" },
  ReleaseRunOptions: { at: 97, parameters: ["pointer"], result: "void" },
  ReleaseSessionOptions: { at: 100, parameters: ["pointer"], result: "void" },
  /** Log level, name, thread options; the environment. */
  CreateEnvWithGlobalThreadPools: {
    at: 119,
    parameters: ["i32", "buffer", "pointer", "buffer"],
    result: "pointer",
  },
  DisablePerSessionThreads: { at: 120, parameters: ["pointer"], result: "pointer" },
  CreateThreadingOptions: { at: 121, parameters: ["buffer"], result: "pointer" },
  ReleaseThreadingOptions: { at: 122, parameters: ["pointer"], result: "void" },
  AddSessionConfigEntry: {
    at: 130,
    parameters: ["pointer", "buffer", "buffer"],
    result: "pointer",
  },
  /** Environment, kind of memory, settings of the arena. */
  CreateAndRegisterAllocator: {
    at: 144,
    parameters: ["pointer", "pointer", "pointer"],
    result: "pointer",
  },
  SetGlobalIntraOpNumThreads: { at: 147, parameters: ["pointer", "i32"], result: "pointer" },
  SetGlobalInterOpNumThreads: { at: 148, parameters: ["pointer", "i32"], result: "pointer" },
  SetGlobalSpinControl: { at: 149, parameters: ["pointer", "i32"], result: "pointer" },
  /** Most memory, how it grows, bytes of the first piece, most bytes left over in a piece; the settings. */
  CreateArenaCfg: {
    at: 156,
    parameters: ["usize", "i32", "i32", "i32", "buffer"],
    result: "pointer",
  },
  ReleaseArenaCfg: { at: 157, parameters: ["pointer"], result: "void" },
  AddRunConfigEntry: { at: 165, parameters: ["pointer", "buffer", "buffer"], result: "pointer" },
} as const satisfies Readonly<Record<string, Signature & { readonly at: number }>>;

/** The functions, by their names in the header. */
export type Api = {
  readonly [Name in keyof typeof FUNCTIONS]: NativeFunction<(typeof FUNCTIONS)[Name]>;
};

/** The functions of the table at an address. */
export function apiAt(table: Pointer): Api {
  const entries = Object.entries(FUNCTIONS).map(([name, { at, ...signature }]) => [
    name,
    functionAt(pointerAt(table, 8 * at), signature),
  ]);
  return Object.fromEntries(entries) as Api;
}
