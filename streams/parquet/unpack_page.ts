/**
 * The codecs of pages.
 *
 * @module
 */

import { createRequire } from "node:module";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { CompressionCodec } from "hyparquet";

const require = createRequire(import.meta.url);

/** How pages are packed. */
export type Codec = CompressionCodec | "unknown";

/** Codecs that `unpackPage` knows. */
export const CODECS: ReadonlySet<Codec> = new Set([
  "UNCOMPRESSED",
  "SNAPPY",
  "GZIP",
  "ZSTD",
  "BROTLI",
]);

/** Bytes in which unpacked ones come: most pages in one piece, which need not be put together then. */
const LEAST_PIECE = 64, LARGEST_PIECE = 2 ** 21;

/** The `size` bytes that were packed; a view of the same memory where they were not. */
export function unpackPage(bytes: Uint8Array, codec: Codec, size: number): Uint8Array {
  if (size === 0) return new Uint8Array(0);
  const unpacked = decompress(bytes, codec, size);
  if (unpacked.length !== size) throw new RangeError(`a page does not unpack to ${size} bytes`);
  // A Buffer's `slice` shares memory, a plain array's does not.
  return new Uint8Array(unpacked.buffer, unpacked.byteOffset, size);
}

/** Never gives more than `size` bytes, whatever the bytes claim. */
function decompress(bytes: Uint8Array, codec: Codec, size: number): Uint8Array {
  const chunkSize = Math.min(Math.max(LEAST_PIECE, size), LARGEST_PIECE);
  const sizes = { maxOutputLength: size, chunkSize };
  try {
    switch (codec) {
      case "UNCOMPRESSED":
        return bytes;
      case "ZSTD":
        return zstdDecompressSync(bytes, sizes);
      case "GZIP":
        return gunzipSync(bytes, sizes);
      case "BROTLI":
        return brotliDecompressSync(bytes, sizes);
      case "SNAPPY":
        return snappy(bytes, size);
    }
  } catch {
    throw new RangeError(`a page does not unpack to ${size} bytes`);
  }
  throw new RangeError(`pages are packed by ${codec}`);
}

/** Loaded where a page asks for it, as few do: its module holds other codecs, too, that take their time. */
function snappy(bytes: Uint8Array, size: number): Uint8Array {
  const { compressors } = require(
    "hyparquet-compressors",
  ) as typeof import("hyparquet-compressors");
  return compressors.SNAPPY!(bytes, size);
}
