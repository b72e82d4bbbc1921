/**
 * The compiled kernels and how they are called.
 *
 * @module
 */

import { type Block, blockAt, EMPTY } from "../../../streams/engine/off_thread/block.ts";
import { type NativeFunction, openLibrary, type Signature } from "../../../streams/platform.ts";

/** What works off the main thread takes native memory only: memory of the isolate could be gone. */
const FUNCTIONS = {
  gil_allocate: { parameters: ["u64"], result: "pointer" },
  gil_free: { parameters: ["pointer"], result: "void" },
  gil_open: { parameters: ["i32"], result: "pointer" },
  gil_close: { parameters: ["pointer"], result: "void" },
  gil_run: { parameters: ["pointer", "pointer"], result: "i32", nonblocking: true },
  gil_optimise: { parameters: ["pointer", "pointer"], result: "i32", nonblocking: true },
  gil_optimise_here: { name: "gil_optimise", parameters: ["pointer", "pointer"], result: "i32" },
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
  "the processor does not have an instruction that the kernels were compiled to",
] as const;

/**
 * Allocates native memory, all zero.
 *
 * @throws Error when there is not as much.
 */
export function allocateBlock({ gil_allocate, gil_free }: Library, bytes: number): Block {
  if (bytes === 0) return EMPTY;
  const pointer = gil_allocate(BigInt(bytes));
  if (!pointer) throw new Error(`${(bytes / 1e6).toFixed()} MB of memory are not to be had`);
  return blockAt(pointer, bytes, () => gil_free(pointer));
}
