/**
 * The buffers of a model in native memory.
 *
 * @module
 */

import { type BufferName, BUFFERS, type Layout, type State } from "../../../core/model/program.ts";
import { allocateBlock, type Library } from "./library.ts";

/** The buffers of a state as arrays and as addresses. */
export interface NativeState extends Pick<State, "layout" | "use"> {
  /** Views of native memory: empty once detached, never to be used after. */
  readonly arrays: Readonly<Record<BufferName, Float32Array>>;
  readonly addresses: Readonly<Record<BufferName, bigint>>;
  /** Empties the arrays at once; the memory stays, as a run may still use it. */
  detach(): void;
  free(): void;
}

/** Allocates the buffers, all zero; those of the gradient are empty for inference. */
export function allocateState(
  library: Library,
  layout: Layout,
  use: State["use"],
): NativeState {
  const sizes = BUFFERS.map((name) => use === "training" || name === "weights" ? layout.size : 0);
  const blocks = sizes.map((size) => allocateBlock(library, 4 * size));
  const named = <A>(what: (index: number) => A) =>
    Object.fromEntries(BUFFERS.map((name, i) => [name, what(i)])) as Record<BufferName, A>;
  return {
    layout,
    use,
    arrays: named((i) => new Float32Array(blocks[i].buffer, 0, sizes[i])),
    addresses: named((i) => blocks[i].address),
    detach: () => blocks.forEach((block) => block.detach()),
    free: () => blocks.forEach((block) => block.free()),
  };
}
