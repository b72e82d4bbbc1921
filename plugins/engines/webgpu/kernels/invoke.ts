/**
 * How a kernel of the WebGPU backend is made of others.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";

/** The name under which the package registers its kernels. */
export const PACKAGE = "webgpu";

/** A number or shape that a shader reads. */
export interface Uniform {
  readonly type: "int32" | "float32";
  readonly data: readonly number[];
}

/** A shader and how it is started, as the package's backend takes it. */
export interface ShaderProgram {
  readonly variableNames: readonly string[];
  readonly uniforms: string;
  readonly outputShape: readonly number[];
  readonly workgroupSize: readonly [number, number, number];
  readonly dispatchLayout: { readonly x: readonly number[] };
  /** Workgroups; the backend spreads them over three dimensions where one has too few. */
  readonly dispatch: readonly [number, number, number];
  /** Names everything that the code depends on beside ranks and element types. */
  readonly shaderKey: string;
  readonly getUserCode: () => string;
}

/** What the package's backend offers beyond the interface of all backends. */
export interface Backend {
  disposeData(id: object): boolean;
  /** Starts a shader; `output` is written to, or a new tensor of the program's shape. */
  runWebGPUProgram(
    program: ShaderProgram,
    inputs: readonly tf.TensorInfo[],
    dtype: tf.DataType,
    uniforms: readonly Uniform[],
    output?: tf.TensorInfo,
  ): tf.TensorInfo;
}

/** A kernel that is made of others. */
export type Mended = (
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  attrs: unknown,
  invoke: Invoke,
) => tf.TensorInfo;

/** Runs kernels of the package; what they make is freed when the mended kernel has ended. */
export interface Invoke {
  (name: string, inputs: Readonly<Record<string, tf.TensorInfo>>, attrs?: object): tf.TensorInfo;
  /** Starts a shader of our own. */
  shader(program: ShaderProgram, call: Call): tf.TensorInfo;
}

/** What a shader reads and writes. */
export interface Call {
  readonly inputs: readonly tf.TensorInfo[];
  readonly dtype: tf.DataType;
  readonly uniforms: readonly Uniform[];
  readonly output?: tf.TensorInfo;
}

/** A mended kernel as tfjs calls it. */
export function kernelOf(mended: Mended): tf.KernelFunc {
  return ({ inputs, backend, attrs }) => {
    const host = backend as Backend, made: tf.TensorInfo[] = [];
    const note = (info: tf.TensorInfo): tf.TensorInfo => {
      made.push(info);
      return info;
    };
    const invoke = (name: string, inputs: tf.NamedTensorInfoMap, attrs: object = {}) =>
      note(original(name)({ inputs, backend, attrs } as Kernel) as tf.TensorInfo);
    const shader = (program: ShaderProgram, { inputs, dtype, uniforms, output }: Call) => {
      const result = host.runWebGPUProgram(program, inputs, dtype, uniforms, output);
      return output ? result : note(result);
    };
    let result: tf.TensorInfo | undefined;
    try {
      return result = mended(
        inputs as Readonly<Record<string, tf.TensorInfo>>,
        attrs,
        Object.assign(invoke, { shader }),
      );
    } finally {
      // Each was made with one holder: this kernel. What it returns passes to the caller.
      const passed = made.findIndex(({ dataId }) => dataId === result?.dataId);
      made.forEach(({ dataId }, i) => i === passed || host.disposeData(dataId));
    }
  };
}

type Kernel = Parameters<tf.KernelFunc>[0];

function original(name: string): tf.KernelFunc {
  return tf.getKernel(name, PACKAGE).kernelFunc;
}

/** `x` as before × along × after one of its axes, changed by `f`, in its own axes again. */
export function alongAxis(
  x: tf.TensorInfo,
  { axis, invoke }: { readonly axis: number; readonly invoke: Invoke },
  f: (x: tf.TensorInfo) => tf.TensorInfo,
): tf.TensorInfo {
  const before = tf.util.sizeFromShape(x.shape.slice(0, axis));
  const after = tf.util.sizeFromShape(x.shape.slice(axis + 1));
  const result = f(invoke("Reshape", { x }, { shape: [before, x.shape[axis], after] }));
  const shape = x.shape.with(axis, result.shape[1]);
  return invoke("Reshape", { x: result }, { shape });
}
