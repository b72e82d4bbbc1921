/**
 * Native memory of ONNX Runtime, and tensors on it.
 *
 * @module
 */

import { type Block, blockAt, EMPTY } from "../../../streams/engine/off_thread/block.ts";
import { addressOf, pointerOf } from "../../../streams/platform.ts";
import type { DType } from "../../../streams/trace/graph.ts";
import { ELEMENT_TYPE } from "./model.ts";
import { check, made, type Runtime } from "./runtime.ts";

/** Allocates `bytes` of native memory, all zero. */
export function allocateBlock({ api, allocator }: Runtime, bytes: number): Block {
  if (bytes === 0) return EMPTY;
  const pointer = made(api, (out) => api.AllocatorAlloc(allocator, BigInt(bytes), out));
  const block = blockAt(pointer, bytes, () => check(api, api.AllocatorFree(allocator, pointer)));
  new Uint8Array(block.buffer).fill(0);
  return block;
}

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
