/**
 * Memory that outlives the isolate. A run goes on in its own thread when the program that started it
 * ends by an uncaught error; were its buffers JavaScript's own, it would write to freed memory.
 *
 * @module
 */

import { addressOf, memoryAt, type Pointer } from "../../platform.ts";

/** A piece of native memory. */
export interface Block {
  readonly pointer: Pointer;
  readonly address: bigint;
  /** The memory as a buffer; empty once freed, and so are all arrays on it. */
  readonly buffer: ArrayBuffer;
  /** Empties the buffer, but leaves the memory to a run that may still be using it. */
  detach(): void;
  free(): void;
}

/** The block of `bytes` bytes, more than none, at a pointer; `free` gives the memory back. */
export function blockAt(pointer: Pointer, bytes: number, free: () => void): Block {
  const buffer = memoryAt(pointer, bytes);
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
      free();
    },
  };
}

/** No memory at all: buffers of no bytes cannot be detached. */
export const EMPTY: Block = {
  pointer: null,
  address: 0n,
  buffer: new ArrayBuffer(0),
  detach() {},
  free() {},
};
