/**
 * Memory that all programs of an engine share for what they are fed and for what is read at once
 * after a run: one run is under way at a time.
 *
 * @module
 */

import { type Block, EMPTY } from "../../../streams/engine/off_thread/block.ts";
import { allocateBlock } from "./memory.ts";
import type { Runtime } from "./runtime.ts";

/** Shared memory that grows; it must not grow while a run is under way. */
export interface Scratch {
  /** The memory now: what was made on an earlier one is of no use any more. */
  readonly block: Block;
  /** Sees to it that there are at least so many bytes. */
  reserve(bytes: number): void;
  free(): void;
}

/** Memory of no bytes. */
export function openScratch(runtime: Runtime): Scratch {
  let block = EMPTY;
  return {
    get block() {
      return block;
    },
    reserve(bytes) {
      if (bytes <= block.buffer.byteLength) return;
      block.free();
      // Nothing is freed twice where there is no memory for more.
      block = EMPTY;
      block = allocateBlock(runtime, bytes);
    },
    free: () => block.free(),
  };
}
