/**
 * How much of what a reader may hold goes to parquet-wasm, where a column needs it.
 *
 * @module
 */

import { type Allotment, takeBytes } from "./allotment.ts";

/** Bytes without which it does not begin. */
const LEAST = 2 ** 25;

/** Bytes for parquet-wasm, taken from the allotment when they are first asked for: half of what is left. */
export function slowShare(allotment: Allotment): () => number {
  let taken: number | undefined;
  return () => {
    if (taken !== undefined) return taken;
    const share = Math.max(LEAST, Math.floor((allotment.bytes - allotment.used) / 2));
    takeBytes(allotment, share);
    return taken = share;
  };
}
