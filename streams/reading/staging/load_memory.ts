/**
 * Memory for what is read before it is decoded: two buffers, as one load comes while another is decoded.
 *
 * @module
 */

import { type Allotment, freeBuffer, takeBytes } from "./allotment.ts";

/** Buffers that are kept from load to load. */
export interface LoadMemory {
  /** So many bytes. */
  take(bytes: number): Uint8Array<ArrayBuffer>;
  /** Takes them back. */
  giveBack(bytes: Uint8Array): void;
  /** Frees what is not taken at once. */
  free(): void;
}

/** Begins with no buffer. */
export function loadMemory(allotment: Allotment): LoadMemory {
  const free: ArrayBuffer[] = [];
  return {
    take(bytes) {
      let buffer = free.pop();
      if (buffer === undefined || buffer.byteLength < bytes) {
        if (buffer) freeBuffer(allotment, buffer);
        takeBytes(allotment, bytes);
        buffer = new ArrayBuffer(bytes);
      }
      return new Uint8Array(buffer, 0, bytes);
    },
    giveBack: ({ buffer }) => void free.push(buffer as ArrayBuffer),
    free() {
      for (const buffer of free.splice(0)) freeBuffer(allotment, buffer);
    },
  };
}
