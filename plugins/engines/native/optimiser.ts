/**
 * Adam on native memory.
 *
 * @module
 */

import { adamScalars } from "../../../core/model/composites/mod.ts";
import { type AdamStep, BUFFERS } from "../../../core/model/program.ts";
import { type Buffers, wrongGradient } from "../../../streams/engine/off_thread/buffers.ts";
import type { Pointer } from "../../../streams/platform.ts";
import { allocateBlock, type Library } from "./library.ts";

/** So few weights are moved in less time than it takes to wake another thread: by whoever asks. */
const FEW = 2 ** 17;

/** Makes a step and sets the gradients to zero; leaves all as it is unless they are finite. */
export interface Optimiser {
  step(state: Buffers, step: AdamStep): Promise<void>;
  free(): void;
}

/** An optimiser on the threads of a pool. */
export function openOptimiser(library: Library, pool: Pointer): Optimiser {
  // The layout is that of Step in optimiser.c.
  const block = allocateBlock(library, 64);
  const addresses = new BigUint64Array(block.buffer, 0, BUFFERS.length + 1);
  const scalars = new Float32Array(block.buffer, 8 * (BUFFERS.length + 1), 6);
  let told: Buffers | undefined;
  return {
    async step(state, step) {
      if (state !== told) {
        addresses.set(BUFFERS.map((name) => state.addresses[name]));
        addresses[BUFFERS.length] = BigInt(state.layout.size);
        told = state;
      }
      const { beta1, rest1, beta2, rest2, rate, epsilon } = adamScalars(step);
      scalars.set([beta1, rest1, beta2, rest2, rate, epsilon]);
      const made = state.layout.size > FEW
        ? await library.gil_optimise(pool, block.pointer)
        : library.gil_optimise_here(null, block.pointer);
      if (!made) throw new Error(wrongGradient(state));
    },
    free: block.free,
  };
}
