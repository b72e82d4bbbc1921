/**
 * The buffers of a model in native memory.
 *
 * @module
 */

import { type BufferName, BUFFERS, type Layout, type State } from "../../../core/model/program.ts";
import { allocateBlock, type Tensor, tensorAt } from "./memory.ts";
import type { Runtime } from "./runtime.ts";

/** The buffers of a state as arrays and as tensors. */
export interface NativeState extends Pick<State, "layout" | "use"> {
  /** Views of native memory: empty once detached, never to be used after. */
  readonly arrays: Readonly<Record<BufferName, Float32Array>>;
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
  use: State["use"],
): NativeState {
  const blocks = BUFFERS.map((name) =>
    allocateBlock(runtime, use === "training" || name === "weights" ? 4 * layout.size : 0)
  );
  const arrays = Object.fromEntries(
    BUFFERS.map((name, i) => [name, new Float32Array(blocks[i].buffer)]),
  ) as Record<BufferName, Float32Array>;
  const tensors = new Map<string, Tensor>();
  return {
    layout,
    use,
    arrays,
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
