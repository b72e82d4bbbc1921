/**
 * Bytes that may be held for one purpose.
 *
 * @module
 */

import { tooLittleMemory } from "../../parquet/is_damage.ts";

/** What may be held and what is. */
export interface Allotment {
  readonly bytes: number;
  used: number;
}

/**
 * Takes `bytes` of the allotment for arrays that are about to be made.
 *
 * @throws Error of the name `TOO_LITTLE_MEMORY` where it has not as many left.
 */
export function takeBytes(allotment: Allotment, bytes: number): void {
  if (allotment.used + bytes <= allotment.bytes) {
    allotment.used += bytes;
    return;
  }
  throw tooLittleMemory(
    `its cells take ${allotment.used + bytes} bytes where ${allotment.bytes} are allowed`,
  );
}

/** Frees a buffer at once, which the garbage collector would do some time, and gives its bytes back. */
export function freeBuffer(allotment: Allotment, buffer: ArrayBuffer): void {
  allotment.used -= buffer.byteLength;
  buffer.transfer(0);
}
