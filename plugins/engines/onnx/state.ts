/**
 * The buffers of a model in native memory.
 *
 * @module
 */

import type { Layout, State } from "../../../core/model/program.ts";
import { allocateBlock, type Tensor, tensorAt } from "./memory.ts";
import type { Runtime } from "./runtime.ts";

/** The flat buffers of a state. */
export const BUFFERS = ["weights", "gradients", "firstMoment", "secondMoment"] as const;

/** One of the flat buffers. */
export type BufferName = (typeof BUFFERS)[number];

/** A state without its way to close, and its memory as tensors. */
export interface NativeState extends Omit<State, "close"> {
  /** The floats of a buffer from `offset` on, as a tensor; made once, freed with the state. */
  tensor(
    buffer: BufferName,
    place: { readonly offset: number; readonly shape: readonly number[] },
  ): Tensor;
  /** Empties the arrays at once; the memory stays, as a run may still use it. */
  detach(): void;
  free(): void;
}

/** Allocates the buffers, all zero; those of the gradient are empty for inference. */
export function allocateState(
  runtime: Runtime,
  layout: Layout,
  use: "training" | "inference",
): NativeState {
  const blocks = BUFFERS.map((name) =>
    allocateBlock(runtime, use === "training" || name === "weights" ? 4 * layout.size : 0)
  );
  const [weights, gradients, firstMoment, secondMoment] = blocks.map((block) =>
    new Float32Array(block.buffer)
  );
  const tensors = new Map<string, Tensor>();
  return {
    layout,
    weights,
    gradients,
    firstMoment,
    secondMoment,
    tensor(buffer, { offset, shape }) {
      const key = `${buffer} ${offset} ${shape}`;
      const known = tensors.get(key);
      if (known) return known;
      const address = blocks[BUFFERS.indexOf(buffer)].address + BigInt(4 * offset);
      const tensor = tensorAt(runtime, address, { dtype: "float32", shape });
      tensors.set(key, tensor);
      return tensor;
    },
    detach() {
      for (const block of blocks) block.detach();
    },
    free() {
      for (const tensor of tensors.values()) tensor.free();
      for (const block of blocks) block.free();
    },
  };
}
