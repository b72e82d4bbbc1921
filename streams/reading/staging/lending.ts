/**
 * Buffers that are filled, lent and come back to be filled again: fresh memory costs seven times a copy.
 *
 * @module
 */

import { type Allotment, freeBuffer, takeBytes } from "./allotment.ts";

/** Buffers of one reader. */
export interface Lending {
  /**
   * A buffer of at least so many bytes; waits for one to come back while the allotment has no room.
   *
   * @throws Error of the name `TOO_LITTLE_MEMORY` where none is out that could come back.
   */
  take(bytes: number): Promise<ArrayBuffer>;
  /** The same without waiting; undefined where it would have to. */
  takeNow(bytes: number): ArrayBuffer | undefined;
  /** Takes a buffer back. */
  giveBack(buffer: ArrayBuffer): void;
  /** Frees what is not lent, and from now on what comes back. */
  close(): void;
}

/** Buffers grow in steps of this, so that the next batch fits too. */
const STEP = 2 ** 16;

/** Begins with no buffer. */
export function lending(allotment: Allotment): Lending {
  const free: ArrayBuffer[] = [], waiting: (() => void)[] = [];
  let lent = 0, closed = false;

  function found(bytes: number): ArrayBuffer | undefined {
    // The last that came back: it may still be in the processor's cache.
    const at = free.findLastIndex(({ byteLength }) => byteLength >= bytes);
    return at < 0 ? undefined : free.splice(at, 1)[0];
  }
  function made(bytes: number): ArrayBuffer | undefined {
    const size = Math.ceil(bytes * 1.125 / STEP) * STEP;
    if (allotment.used + size > allotment.bytes) shrink();
    if (allotment.used + bytes > allotment.bytes && lent > 0) return undefined;
    const fits = allotment.used + size <= allotment.bytes ? size : bytes;
    takeBytes(allotment, fits);
    return new ArrayBuffer(fits);
  }
  function shrink(): void {
    for (const buffer of free.splice(0)) freeBuffer(allotment, buffer);
  }

  function takeNow(bytes: number): ArrayBuffer | undefined {
    const buffer = found(bytes) ?? made(bytes);
    if (buffer) lent++;
    return buffer;
  }

  return {
    takeNow,
    async take(bytes) {
      // What comes back is heard between two turns of the event loop, and better than new memory.
      if (lent > 0) await new Promise((resolve) => setImmediate(resolve));
      for (;;) {
        const buffer = takeNow(bytes);
        if (buffer) return buffer;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    giveBack(buffer) {
      lent--;
      free.push(buffer);
      if (closed) shrink();
      waiting.shift()?.();
    },
    close() {
      closed = true;
      shrink();
    },
  };
}
