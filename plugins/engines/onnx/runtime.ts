/**
 * ONNX Runtime as the package onnxruntime-node carries it, called directly: the package's own
 * binding copies every output and blocks while it runs.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { InputError } from "../../../core/errors.ts";
import {
  functionAt,
  openLibrary,
  type Pointer,
  pointerAt,
  pointerOf,
  textAt,
} from "../../../streams/platform.ts";
import { type Api, API_VERSION, apiAt } from "./api.ts";

/** What everything else is made with; there is one a process, never closed. */
export interface Runtime {
  readonly api: Api;
  readonly environment: Pointer;
  readonly allocator: Pointer;
  /** Says of a buffer that it is ordinary memory. */
  readonly memory: Pointer;
  /**
   * Threads of the pool that sessions share; had each its own, those of one would be in the way of
   * the next.
   */
  readonly threads: number;
}

/** Only what ends the process is logged: everything else comes back as an error. */
const LOG_FATAL = 4;

const LIBRARIES: Readonly<Record<string, string>> = {
  linux: "libonnxruntime.so.1",
  darwin: "libonnxruntime.1.dylib",
  win32: "onnxruntime.dll",
};

let opened: Runtime | undefined;

/**
 * The runtime of this process, opened when first asked for; from then on its pool has `threads`.
 *
 * @throws InputError when its library is missing or cannot be used on this machine.
 */
export function openRuntime(threads: number): Runtime {
  return opened ??= load(findLibrary(), threads);
}

/**
 * Loads the library at `path`.
 *
 * @throws InputError when it is missing or cannot be used on this machine.
 */
export function load(path: string, threads: number): Runtime {
  // Else it tells its maker, over the net, about the machine and every session, and keeps a database
  // of that in the cache folder; it looks when it makes its environment, before its interface is there.
  process.env.ORT_DISABLE_TELEMETRY = "1";
  try {
    const { OrtGetApiBase } = openLibrary(path, {
      OrtGetApiBase: { parameters: [], result: "pointer" },
    });
    const getApi = functionAt(pointerAt(OrtGetApiBase(), 0), {
      parameters: ["u32"],
      result: "pointer",
    });
    const table = getApi(API_VERSION);
    if (!table) throw new Error(`it is older than version 1.${API_VERSION}`);
    return start(apiAt(table), threads);
  } catch (error) {
    throw new InputError({
      message: `Cannot load ONNX Runtime "${path}": ${(error as Error).message}; ` +
        `install the package onnxruntime-node 1.30, or use the engine "cpu"`,
    });
  }
}

function findLibrary(): string {
  const { platform, arch } = process;
  try {
    const entry = createRequire(import.meta.url).resolve("onnxruntime-node");
    const folder = join(dirname(dirname(entry)), "bin", "napi-v6", platform, arch);
    const path = join(folder, LIBRARIES[platform] ?? LIBRARIES.linux);
    if (existsSync(path)) return path;
    throw new Error(`the package has no library for ${platform} ${arch}`);
  } catch (error) {
    throw new InputError({
      message: `Cannot find ONNX Runtime: ${(error as Error).message.split("\n")[0]}; ` +
        `install the package onnxruntime-node 1.30, or use the engine "cpu"`,
    });
  }
}

function start(api: Api, threads: number): Runtime {
  const name = new TextEncoder().encode("gil\0");
  const options = made(api, (out) => api.CreateThreadingOptions(out));
  check(api, api.SetGlobalIntraOpNumThreads(options, threads));
  check(api, api.SetGlobalInterOpNumThreads(options, 1));
  // Threads that wait sleep. Spinning saves a tenth where the processor has nothing else to do, and
  // costs half as much again where other threads read cells beside it.
  check(api, api.SetGlobalSpinControl(options, 0));
  const environment = made(
    api,
    (out) => api.CreateEnvWithGlobalThreadPools(LOG_FATAL, name, options, out),
  );
  api.ReleaseThreadingOptions(options);
  // An arena allocator's memory, of the default kind.
  const memory = made(api, (out) => api.CreateCpuMemoryInfo(1, 0, out));
  shareArena(api, environment, memory);
  const allocator = made(api, (out) => api.GetAllocatorWithDefaultOptions(out));
  return { api, environment, allocator, memory, threads };
}

/** Lets sessions of all shapes work in one memory: those of an engine run one after the other. */
function shareArena(api: Api, environment: Pointer, memory: Pointer): void {
  const usual = -1;
  const arena = made(api, (out) => api.CreateArenaCfg(0n, usual, usual, usual, out));
  check(api, api.CreateAndRegisterAllocator(environment, memory, arena));
  api.ReleaseArenaCfg(arena);
}

/** What a function makes, which writes the address to the buffer that it is given. */
export function made(api: Api, make: (out: BigUint64Array<ArrayBuffer>) => Pointer): Pointer {
  const out = new BigUint64Array(1);
  check(api, make(out));
  return pointerOf(out[0]);
}

/**
 * Throws what a status says.
 *
 * @throws Error whose message whoever knows what was asked for makes a sentence of.
 */
export function check(api: Api, status: Pointer): void {
  if (!status) return;
  const message = textAt(api.GetErrorMessage(status));
  api.ReleaseStatus(status);
  throw new Error(message);
}
