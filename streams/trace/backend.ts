/**
 * A tfjs backend that records kernels instead of running them.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { RunError } from "../../core/errors.ts";
import { COMPOSITE } from "../../core/model/composites/mod.ts";
import { type GraphBuilder, graphBuilder } from "./graph.ts";
import { kernels } from "./kernels/table.ts";
import { modelLine } from "./model_line.ts";
import {
  type Kernel,
  type Kernels,
  measured,
  type TensorType,
  type Traced,
  uniform,
} from "./traced.ts";

/** Name of the backend in tfjs. */
export const TRACE = "trace";

/** Captured tensors of up to this many different numbers become part of the graph. */
const LITERAL_SIZE = 8;

/** Operations of tfjs that draw numbers on the host. */
const DRAWS = /^(random|truncatedNormal|multinomial|rand$)/;

/** Tensors by their tfjs ids, with the number of tensors that share each. */
class TraceBackend extends tf.KernelBackend {
  graph = graphBuilder();
  readonly #values = new Map<object, { traced: Traced; references: number }>();

  /** Forgets the graph and begins another. */
  restart(): GraphBuilder {
    this.#values.clear();
    return this.graph = graphBuilder();
  }
  put(traced: Traced): object {
    const id = {};
    this.#values.set(id, { traced, references: 1 });
    return id;
  }
  get(info: tf.TensorInfo): Traced {
    const { traced } = this.#entry(info.dataId);
    return { ...traced, shape: info.shape };
  }
  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    return this.put(captured(values as ArrayLike<number>, shape, dtype as TensorType));
  }
  override move(
    id: object,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    const traced = captured(values as ArrayLike<number>, shape, dtype as TensorType);
    this.#values.set(id, { traced, references });
  }
  override readSync(id: object): tf.BackendValues {
    const { value, shape } = this.#entry(id).traced;
    switch (value.kind) {
      case "uniform":
        return new Float32Array(tf.util.sizeFromShape([...shape])).fill(value.value);
      case "literal":
        return Float32Array.from(value.values);
      case "node":
        throw new RunError({
          message: "Cannot read the values of a tensor while its program is traced: " +
            "compute with the tensor instead",
        });
    }
  }
  override read(id: object): Promise<tf.BackendValues> {
    return Promise.resolve().then(() => this.readSync(id));
  }
  override refCount(id: object): number {
    return this.#values.get(id)?.references ?? 0;
  }
  override incRef(id: object): void {
    this.#entry(id).references++;
  }
  override disposeData(id: object, force = false): boolean {
    const entry = this.#values.get(id);
    if (!entry) return true;
    entry.references--;
    if (!force && entry.references > 0) return false;
    return this.#values.delete(id);
  }
  override numDataIds(): number {
    return this.#values.size;
  }
  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }
  override floatPrecision(): 32 {
    return 32;
  }
  override timerAvailable(): boolean {
    return false;
  }
  override dispose(): void {
    this.#values.clear();
  }
  #entry(id: object): { traced: Traced; references: number } {
    const entry = this.#values.get(id);
    if (entry) return entry;
    throw new RunError({
      message: "Cannot use a tensor of an earlier trace: make tensors inside the program",
    });
  }
}

/** What a tensor made from numbers becomes: those that differ may be random, so few are let in. */
function captured(values: ArrayLike<number>, shape: number[], dtype: TensorType): Traced {
  const operations = operationsUnderWay();
  const drawn = operations.some((name) => DRAWS.test(name));
  const first = Number(values[0]);
  let equal = values.length > 0;
  for (let i = 1; equal && i < values.length; i++) equal = Number(values[i]) === first;
  if (equal && !drawn) return uniform(first, shape, dtype);
  if (values.length <= LITERAL_SIZE && !drawn) {
    return { shape, dtype, value: { kind: "literal", values: Array.from(values, Number) } };
  }
  throw new RunError({
    message: `Cannot trace "${operations[0] ?? "tensor"}" (${modelLine(new Error().stack)}): it ` +
      `captures ${values.length} numbers of shape [${shape}] that every run would repeat; feed them ` +
      `as an input, or use noise.keep for dropout`,
  });
}

/** Names of the tfjs operations that are running, the outermost first. */
function operationsUnderWay(): readonly string[] {
  return tf.engine().state.scopeStack
    .map((scope) => scope.name)
    .filter((name) => name.endsWith(tf.OP_SCOPE_SUFFIX))
    .map((name) => name.slice(0, -tf.OP_SCOPE_SUFFIX.length));
}

/** Name of the composite that is running, the innermost; "" outside of all. */
function compositeUnderWay(): string {
  const scope = tf.engine().state.scopeStack.findLast(({ name }) => name?.startsWith(COMPOSITE));
  return scope ? scope.name.slice(COMPOSITE.length) : "";
}

let registered: TraceBackend | undefined;

/** The backend, registered with its kernels when first asked for. */
export function traceBackend(): TraceBackend {
  if (registered) return registered;
  const backend = new TraceBackend();
  tf.registerBackend(TRACE, () => backend, 0);
  register(backend, kernels);
  return registered = backend;
}

/** What `f` returns while the backend also has `more` kernels, those of composites that an engine takes over. */
export function withKernels<T>(more: Kernels, f: () => T): T {
  register(traceBackend(), more);
  try {
    return f();
  } finally {
    for (const name of Object.keys(more)) tf.unregisterKernel(name, TRACE);
  }
}

function register(backend: TraceBackend, added: Kernels): void {
  for (const [kernelName, kernel] of Object.entries(added)) {
    tf.registerKernel({ kernelName, backendName: TRACE, kernelFunc: recording(backend, kernel) });
  }
}

/** A kernel as tfjs calls it. */
function recording(backend: TraceBackend, kernel: Kernel): tf.KernelFunc {
  return ({ inputs, attrs }) => {
    const traced = Object.fromEntries(
      Object.entries(inputs).filter(([, info]) => info)
        .map(([name, info]) => [name, backend.get(info as tf.TensorInfo)]),
    );
    const { graph } = backend;
    graph.enter(compositeUnderWay());
    const result = kernel(graph, traced, (attrs ?? {}) as never);
    for (const x of [result].flat() as Traced[]) measured(graph, x);
    const info = (x: Traced): tf.TensorInfo => ({
      dataId: backend.put(x),
      shape: [...x.shape],
      dtype: x.dtype,
    });
    return Array.isArray(result) ? result.map(info) : info(result as Traced);
  };
}
