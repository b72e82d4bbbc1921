/**
 * How a packed page begins, from its first bytes alone: levels come first, and are a hundredth of it.
 *
 * @module
 */

import { brotliDecompressSync, constants, gunzipSync, zstdDecompressSync } from "node:zlib";
import { viewOf } from "./pages.ts";
import type { Codec } from "./unpack_page.ts";

/**
 * The first `wanted` bytes of what was packed, or fewer where its first bytes tell no more, or more; a
 * RangeError where they tell what cannot be.
 */
export function unpackStart(bytes: Uint8Array, codec: Codec, wanted: number): Uint8Array {
  if (codec === "UNCOMPRESSED") return bytes;
  if (codec === "SNAPPY") return startOfSnappy(bytes, wanted);
  const frame = codec === "ZSTD" ? wholeBlocks(bytes) : bytes;
  if (!frame) return new Uint8Array(0);
  try {
    if (codec === "ZSTD") return zstdDecompressSync(frame);
    if (codec === "GZIP") return gunzipSync(frame, { finishFlush: constants.Z_SYNC_FLUSH });
    if (codec === "BROTLI") {
      return brotliDecompressSync(frame, { finishFlush: constants.BROTLI_OPERATION_FLUSH });
    }
  } catch {
    throw new RangeError("a page does not unpack");
  }
  throw new RangeError(`pages are packed by ${codec}`);
}

/** Follows https://github.com/google/snappy/blob/main/format_description.txt up to where bytes end. */
function startOfSnappy(bytes: Uint8Array, wanted: number): Uint8Array {
  let at = 0, size = 0;
  for (let scale = 1; at < bytes.length; scale *= 128) {
    const byte = bytes[at++];
    size += (byte & 127) * scale;
    if (byte < 128) break;
  }
  // Each byte packed gives up to 64 that follow it, or itself.
  const out = new Uint8Array(Math.min(size, wanted, 64 * bytes.length));
  let end = 0;
  while (at < bytes.length && end < out.length) {
    const tag = bytes[at], kind = tag & 3, high = tag >> 2;
    const extra = kind === 0 ? Math.max(0, high - 59) : kind === 3 ? 4 : kind;
    if (at + 1 + extra > bytes.length) break;
    let number = 0;
    for (let i = extra; i > 0; i--) number = number * 256 + bytes[at + i];
    at += 1 + extra;
    if (kind === 0) {
      const length = Math.min(
        (extra === 0 ? high : number) + 1,
        bytes.length - at,
        out.length - end,
      );
      out.set(bytes.subarray(at, at + length), end);
      at += length;
      end += length;
      continue;
    }
    const back = kind === 1 ? (tag >> 5) * 256 + number : number;
    const length = Math.min(kind === 1 ? (high & 7) + 4 : high + 1, out.length - end);
    if (back === 0 || back > end) throw new RangeError("a page refers to what is before it");
    for (let i = 0; i < length; i++, end++) out[end] = out[end - back];
  }
  return out.subarray(0, end);
}

const ZSTD_MAGIC = 0xFD2FB528;
/** What a block of zstd holds at most, as a power of two; and what a window may. */
const BLOCK_BITS = 17, WINDOW_BITS = 27;

/**
 * The blocks of a frame of zstd that are there as a whole, as a frame of their own that claims neither
 * a size nor a checksum; undefined where not one is. See RFC 8878, section 3.1.1.
 */
function wholeBlocks(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < 18) return undefined;
  const view = viewOf(bytes), flags = bytes[4], isSingle = (flags & 32) !== 0;
  if (view.getUint32(0, true) !== ZSTD_MAGIC) throw new RangeError("a page is not packed by ZSTD");
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6];
  const start = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][flags & 3] + sizeBytes;
  let end = start, last = -1, blocks = 0;
  while (end + 3 <= bytes.length) {
    const head = bytes[end] | bytes[end + 1] << 8 | bytes[end + 2] << 16;
    const next = end + 3 + ((head >> 1 & 3) === 1 ? 1 : head >> 3);
    if (next > bytes.length) break;
    last = end;
    end = next;
    blocks++;
    if (head & 1) break;
  }
  if (last < 0) return undefined;
  const frame = new Uint8Array(6 + end - start);
  viewOf(frame).setUint32(0, ZSTD_MAGIC, true);
  // Nothing refers to what is before the first block.
  frame[5] = Math.min(WINDOW_BITS, BLOCK_BITS + Math.ceil(Math.log2(blocks))) - 10 << 3;
  frame.set(bytes.subarray(start, end), 6);
  frame[6 + last - start] |= 1;
  return frame;
}
