/**
 * The codecs of pages.
 *
 * @module
 */

import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { CompressionCodec } from "hyparquet";
import { compressors } from "hyparquet-compressors";

/** Codecs that `unpackPage` knows. */
export const CODECS: ReadonlySet<CompressionCodec> = new Set([
  "UNCOMPRESSED",
  "SNAPPY",
  "GZIP",
  "ZSTD",
]);

/** The `size` bytes that were packed; a view of the same memory where they were not. */
export function unpackPage(bytes: Uint8Array, codec: CompressionCodec, size: number): Uint8Array {
  if (size === 0) return new Uint8Array(0);
  const unpacked = decompress(bytes, codec, size);
  if (unpacked.length !== size) throw new RangeError(`a page does not unpack to ${size} bytes`);
  // A Buffer's `slice` shares memory, a plain array's does not.
  return new Uint8Array(unpacked.buffer, unpacked.byteOffset, size);
}

/** Never gives more than `size` bytes, whatever the bytes claim. */
function decompress(bytes: Uint8Array, codec: CompressionCodec, size: number): Uint8Array {
  try {
    switch (codec) {
      case "UNCOMPRESSED":
        return bytes;
      case "ZSTD":
        return zstdDecompressSync(bytes, { maxOutputLength: size });
      case "GZIP":
        return gunzipSync(bytes, { maxOutputLength: size });
      case "SNAPPY":
        return compressors.SNAPPY!(bytes, size);
    }
  } catch {
    throw new RangeError(`a page does not unpack to ${size} bytes`);
  }
  throw new RangeError(`pages are packed by ${codec}`);
}
