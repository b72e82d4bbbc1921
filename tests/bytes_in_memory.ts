/**
 * Bytes in memory as a source of bytes.
 *
 * @module
 */

import type { ByteSource } from "../streams/bytes/byte_source.ts";

/** Reads as a file of these bytes would; `size` may claim more than there are. */
export function bytesInMemory(bytes: Uint8Array, size = bytes.length): ByteSource {
  return {
    name: "bytes",
    size,
    version: "",
    // deno-lint-ignore require-await
    async read(into, from) {
      if (!(from >= 0 && from + into.length <= bytes.length)) {
        throw new RangeError("it ends early");
      }
      into.set(bytes.subarray(from, from + into.length));
    },
    close: () => Promise.resolve(),
  };
}
