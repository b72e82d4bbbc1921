/**
 * The buffers of a model as ONNX Runtime's tensors.
 *
 * @module
 */

import type { BufferName, Layout, State } from "../../../core/model/program.ts";
import { allocateBuffers, type Buffers } from "../../../streams/engine/off_thread/buffers.ts";
import { allocateBlock, type Tensor, tensorAt } from "./memory.ts";
import type { Runtime } from "./runtime.ts";

/** The buffers of a state, also as tensors. */
export interface NativeState extends Buffers {
  /** The floats of a buffer from `offset` on, as a tensor; made once, freed with the state. */
  tensor(
    buffer: BufferName,
    place: { readonly offset: number; readonly shape: readonly number[] },
  ): Tensor;
}

/** Allocates the buffers, all zero; those of the gradient are empty for inference. */
export function allocateState(
  runtime: Runtime,
  layout: Layout,
  use: State["use"],
): NativeState {
  const buffers = allocateBuffers((bytes) => allocateBlock(runtime, bytes), layout, use);
  const tensors = new Map<string, Tensor>();
  return {
    ...buffers,
    tensor(buffer, { offset, shape }) {
      const key = `${buffer} ${offset} ${shape}`;
      const known = tensors.get(key);
      if (known) return known;
      const address = buffers.addresses[buffer] + BigInt(4 * offset);
      const tensor = tensorAt(runtime, address, { dtype: "float32", shape });
      tensors.set(key, tensor);
      return tensor;
    },
    free() {
      for (const tensor of tensors.values()) tensor.free();
      buffers.free();
    },
  };
}
