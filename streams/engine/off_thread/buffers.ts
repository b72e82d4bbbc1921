/**
 * The buffers of a model in native memory.
 *
 * @module
 */

import {
  at,
  type BufferName,
  BUFFERS,
  type Layout,
  type State,
} from "../../../core/model/program.ts";
import type { Block } from "./block.ts";

/** The buffers of a state as arrays and as addresses. */
export interface Buffers extends Pick<State, "layout" | "use"> {
  /** Views of native memory: empty once detached, never to be used after. */
  readonly arrays: Readonly<Record<BufferName, Float32Array>>;
  readonly addresses: Readonly<Record<BufferName, bigint>>;
  /** Empties the arrays at once; the memory stays, as a run may still use it. */
  detach(): void;
  free(): void;
}

/**
 * Allocates the buffers; those of the gradient are empty for inference.
 *
 * @param allocate Makes a block of so many bytes, all zero.
 */
export function allocateBuffers(
  allocate: (bytes: number) => Block,
  layout: Layout,
  use: State["use"],
): Buffers {
  const blocks = BUFFERS.map((name) =>
    allocate(use === "training" || name === "weights" ? 4 * layout.size : 0)
  );
  const named = <A>(what: (block: Block) => A) =>
    Object.fromEntries(BUFFERS.map((name, i) => [name, what(blocks[i])])) as Record<BufferName, A>;
  return {
    layout,
    use,
    arrays: named(({ buffer }) => new Float32Array(buffer)),
    addresses: named(({ address }) => address),
    detach: () => blocks.forEach((block) => block.detach()),
    free: () => blocks.forEach((block) => block.free()),
  };
}

/** What is wrong with gradients whose squares do not add up: the last weight with a square that is none. */
export function wrongGradient({ layout, arrays }: Pick<Buffers, "layout" | "arrays">): string {
  const wrong = layout.slots.findLast((slot) =>
    at(arrays.gradients, slot).some((x) => !Number.isFinite(Math.fround(x * x)))
  );
  return wrong
    ? `the gradient of "${wrong.name}" is not finite`
    : "the squares of all gradients together are not finite";
}
