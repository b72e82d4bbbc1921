/**
 * Models that run: sessions of ONNX Runtime, and their bindings to memory.
 *
 * @module
 */

import { pointerOf } from "../../../streams/platform.ts";
import type { Graph } from "../../../streams/trace/graph.ts";
import { allocateBlock, type Block, type Tensor } from "./memory.ts";
import { encodeModel } from "./model.ts";
import { check, made, type Runtime } from "./runtime.ts";

/** A graph that is ready to run. */
export interface Session {
  /** Fixes the memory that runs read and write; one memory may be both. */
  bind(inputs: Tensors, outputs: Tensors): Binding;
  /** Makes the run under way, and any later one, fail soon. */
  terminate(): void;
  /** Frees the session; no run may be under way. */
  free(): void;
}

/** Tensors by the names of a graph. */
export type Tensors = ReadonlyMap<string, Tensor>;

/** A session on its memory. */
export interface Binding {
  /** Runs once, off the main thread. */
  run(): Promise<void>;
  free(): void;
}

/** Optimisations that do not depend on the machine: the trace has done the others. */
const BASIC_OPTIMISATIONS = 1;

/** Makes `graph` ready to run on that many threads. */
export async function openSession(
  runtime: Runtime,
  graph: Graph,
  threads: number,
): Promise<Session> {
  const { api, environment } = runtime;
  const model = encodeModel(graph);
  const block = allocateBlock(runtime, 8 + model.length);
  new Uint8Array(block.buffer).set(model, 8);
  const options = made(api, (out) => api.CreateSessionOptions(out));
  try {
    if (threads === runtime.threads) check(api, api.DisablePerSessionThreads(options));
    else check(api, api.SetIntraOpNumThreads(options, threads));
    check(api, api.SetInterOpNumThreads(options, 1));
    check(api, api.SetSessionGraphOptimizationLevel(options, BASIC_OPTIMISATIONS));
    // Planning all memory ahead doubles it and saves no time.
    check(api, api.DisableMemPattern(options));
    const bytes = pointerOf(block.address + 8n), size = BigInt(model.length);
    check(
      api,
      await api.CreateSessionFromArray(environment, bytes, size, options, block.pointer),
    );
    return session(runtime, new BigUint64Array(block.buffer, 0, 1)[0]);
  } finally {
    api.ReleaseSessionOptions(options);
    block.free();
  }
}

function session(runtime: Runtime, address: bigint): Session {
  const { api } = runtime, pointer = pointerOf(address);
  const options = made(api, (out) => api.CreateRunOptions(out));

  function bind(inputs: Tensors, outputs: Tensors): Binding {
    const names = [list(runtime, [...inputs.keys()]), list(runtime, [...outputs.keys()])];
    const values = [addresses(runtime, inputs), addresses(runtime, outputs)];
    return {
      async run() {
        const status = await api.Run(
          pointer,
          options,
          names[0].pointer,
          values[0].pointer,
          BigInt(inputs.size),
          names[1].pointer,
          BigInt(outputs.size),
          values[1].pointer,
        );
        check(api, status);
      },
      free: () => [...names, ...values].forEach((block) => block.free()),
    };
  }
  return {
    bind,
    terminate: () => check(api, api.RunOptionsSetTerminate(options)),
    free() {
      api.ReleaseSession(pointer);
      api.ReleaseRunOptions(options);
    },
  };
}

/** Words as an array of addresses, with their letters behind it. */
function list(runtime: Runtime, names: readonly string[]): Block {
  const bytes = names.map(word);
  const block = allocateBlock(runtime, bytes.reduce((sum, text) => sum + 8 + text.length, 0));
  const pointers = new BigUint64Array(block.buffer, 0, names.length);
  let at = 8 * names.length;
  bytes.forEach((text, i) => {
    new Uint8Array(block.buffer).set(text, at);
    pointers[i] = block.address + BigInt(at);
    at += text.length;
  });
  return block;
}

function addresses(runtime: Runtime, tensors: Tensors): Block {
  const block = allocateBlock(runtime, 8 * tensors.size);
  new BigUint64Array(block.buffer).set([...tensors.values()].map((tensor) => tensor.address));
  return block;
}

/** A word as C reads it. */
function word(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}
