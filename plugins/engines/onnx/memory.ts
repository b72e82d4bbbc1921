/**
 * Memory that outlives the isolate. A run goes on in its own thread when the program that started it
 * ends by an uncaught error; were its buffers JavaScript's own, it would write to freed memory.
 *
 * @module
 */

import { addressOf, memoryAt, type Pointer, pointerOf } from "../../../streams/platform.ts";
import type { DType } from "../../../streams/trace/graph.ts";
import { ELEMENT_TYPE } from "./model.ts";
import { check, made, type Runtime } from "./runtime.ts";

/** A piece of native memory, zero at first. */
export interface Block {
  readonly pointer: Pointer;
  readonly address: bigint;
  /** The memory as a buffer; empty once freed, and so are all arrays on it. */
  readonly buffer: ArrayBuffer;
  /** Empties the buffer, but leaves the memory to a run that may still be using it. */
  detach(): void;
  free(): void;
}

/** Allocates `bytes` of native memory. */
export function allocateBlock({ api, allocator }: Runtime, bytes: number): Block {
  if (bytes === 0) return EMPTY;
  const pointer = made(api, (out) => api.AllocatorAlloc(allocator, BigInt(bytes), out));
  const buffer = memoryAt(pointer, bytes);
  new Uint8Array(buffer).fill(0);
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
      check(api, api.AllocatorFree(allocator, pointer));
    },
  };
}

const EMPTY: Block = {
  pointer: null,
  address: 0n,
  buffer: new ArrayBuffer(0),
  detach() {},
  free() {},
};

/** A tensor on memory of someone else's. */
export interface Tensor {
  readonly address: bigint;
  free(): void;
}

/** Bytes of an element. */
export const WIDTH: Readonly<Record<DType, number>> = {
  float32: 4,
  int32: 4,
  int64: 8,
  uint8: 1,
  bool: 1,
};

/** Describes the memory at an address as a tensor. */
export function tensorAt(
  { api, memory }: Runtime,
  address: bigint,
  { dtype, shape }: { readonly dtype: DType; readonly shape: readonly number[] },
): Tensor {
  const lengths = BigInt64Array.from(shape, BigInt);
  const bytes = shape.reduce((a, b) => a * b, WIDTH[dtype]);
  const pointer = made(api, (out) =>
    api.CreateTensorWithDataAsOrtValue(
      memory,
      pointerOf(address),
      BigInt(bytes),
      lengths,
      BigInt(shape.length),
      ELEMENT_TYPE[dtype],
      out,
    ));
  return { address: addressOf(pointer), free: () => api.ReleaseValue(pointer) };
}
