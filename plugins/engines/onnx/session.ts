/**
 * Models that run: sessions of ONNX Runtime, and their bindings to memory.
 *
 * @module
 */

import { pointerOf } from "../../../streams/platform.ts";
import type { Graph } from "../../../streams/trace/graph.ts";
import type { Block } from "../../../streams/engine/off_thread/block.ts";
import { allocateBlock, type Tensor } from "./memory.ts";
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

/**
 * The trace has done what is worth doing; one of them would also keep in memory what is to be computed
 * twice.
 */
const NO_OPTIMISATIONS = 0;

const SETTINGS = {
  // The arena of the environment, so that sessions of all shapes share their memory.
  "session.use_env_allocators": "1",
  // As the threads of the environment's pool do.
  "session.intra_op.allow_spinning": "0",
} as const;

const SHRINK = "memory.enable_memory_arena_shrinkage";

/** How a session runs. */
export interface SessionOptions {
  readonly threads: number;
  /** Whether a run ends with giving memory that nobody uses back to the system; "keep" unless given. */
  readonly memory?: "keep" | "return";
}

/** Makes `graph` ready to run. */
export async function openSession(
  runtime: Runtime,
  graph: Graph,
  { threads, memory = "keep" }: SessionOptions,
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
    check(api, api.SetSessionGraphOptimizationLevel(options, NO_OPTIMISATIONS));
    for (const [name, value] of Object.entries(SETTINGS)) {
      check(api, api.AddSessionConfigEntry(options, word(name), word(value)));
    }
    // Planning all memory ahead doubles it and saves no time.
    check(api, api.DisableMemPattern(options));
    const bytes = pointerOf(block.address + 8n), size = BigInt(model.length);
    check(
      api,
      await api.CreateSessionFromArray(environment, bytes, size, options, block.pointer),
    );
    return session(runtime, new BigUint64Array(block.buffer, 0, 1)[0], memory);
  } finally {
    api.ReleaseSessionOptions(options);
    block.free();
  }
}

function session(runtime: Runtime, address: bigint, memory: "keep" | "return"): Session {
  const { api } = runtime, pointer = pointerOf(address);
  const options = made(api, (out) => api.CreateRunOptions(out));
  if (memory === "return") check(api, api.AddRunConfigEntry(options, word(SHRINK), word("cpu:0")));

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
