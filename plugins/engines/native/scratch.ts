/**
 * Memory that all programs of an engine share while they run: one run is under way at a time.
 *
 * @module
 */

import type { Block } from "../../../streams/engine/off_thread/block.ts";
import { allocateBlock, type Library } from "./library.ts";

/** Shared memory that grows; it must not grow while a run is under way. */
export interface Scratch {
  /** At least so many bytes. */
  reserve(bytes: number): Block;
  free(): void;
}

/** Memory of no bytes. */
export function openScratch(library: Library): Scratch {
  let block: Block | undefined;
  return {
    reserve(bytes) {
      if (block && bytes <= block.buffer.byteLength) return block;
      block?.free();
      // Should there not be enough, what was freed is not to be freed again.
      block = undefined;
      return block = allocateBlock(library, bytes);
    },
    free: () => block?.free(),
  };
}
