/**
 * The compiled kernels and how they are called.
 *
 * @module
 */

import {
  addressOf,
  memoryAt,
  type NativeFunction,
  openLibrary,
  type Pointer,
  type Signature,
} from "../../../streams/platform.ts";

/** What works off the main thread takes native memory only: memory of the isolate could be gone. */
const FUNCTIONS = {
  gil_allocate: { parameters: ["u64"], result: "pointer" },
  gil_free: { parameters: ["pointer"], result: "void" },
  gil_open: { parameters: ["i32"], result: "pointer" },
  gil_close: { parameters: ["pointer"], result: "void" },
  gil_run: { parameters: ["pointer", "pointer"], result: "i32", nonblocking: true },
  gil_optimise: { parameters: ["pointer", "pointer"], result: "i32", nonblocking: true },
} as const satisfies Readonly<Record<string, Signature>>;

/** The functions by their names in the sources. */
export type Library = {
  readonly [Name in keyof typeof FUNCTIONS]: NativeFunction<(typeof FUNCTIONS)[Name]>;
};

/** Loads a library that was built from the sources. */
export const loadKernels = (path: string): Library => openLibrary(path, FUNCTIONS) as Library;

/** How runs end: the numbers of gil.h. */
export const OUTCOMES = [
  "done",
  "it was closed meanwhile",
  "an id lies outside of the table that it is to be read from",
  "its plan has too many inputs and outputs",
] as const;

/**
 * A piece of native memory, zero at first. It outlives the isolate: a run goes on in its own threads
 * when the program that started it ends by an uncaught error.
 */
export interface Block {
  readonly pointer: Pointer;
  readonly address: bigint;
  /** The memory as a buffer; empty once freed, and so are all arrays on it. */
  readonly buffer: ArrayBuffer;
  /** Empties the buffer, but leaves the memory to a run that may still be using it. */
  detach(): void;
  free(): void;
}

/**
 * Allocates native memory.
 *
 * @throws Error when there is not as much.
 */
export function allocateBlock({ gil_allocate, gil_free }: Library, bytes: number): Block {
  const pointer = gil_allocate(BigInt(bytes));
  if (!pointer) throw new Error(`${(bytes / 1e6).toFixed()} MB of memory are not to be had`);
  // Buffers of no bytes cannot be detached.
  const buffer = memoryAt(pointer, Math.max(1, bytes));
  const detach = () => {
    if (!buffer.detached) buffer.transfer(0);
  };
  return {
    pointer,
    address: addressOf(pointer),
    buffer,
    detach,
    free() {
      detach();
      gil_free(pointer);
    },
  };
}
