/**
 * The pages of a chunk, checked and decompressed.
 *
 * @module
 */

import { crc32, zstdDecompressSync } from "node:zlib";
import type { DataReader, Encoding } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { compressors } from "hyparquet-compressors";
import type { Chunk } from "./chunk.ts";

/** One page, whichever version of the format it has. */
export interface Page {
  readonly kind: "dictionary" | "data";
  /** Values, nulls and empty lists counted. */
  readonly values: number;
  readonly encoding: Encoding;
  /** Runs of repetition levels; empty where the column has none. */
  readonly repetition: Uint8Array;
  /** Runs of definition levels; empty where the column has none. */
  readonly definition: Uint8Array;
  readonly body: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** Walks the pages of a chunk, given its bytes. */
export function* pagesOf(bytes: Uint8Array, chunk: Chunk): Generator<Page> {
  const reader = readerOf(bytes);
  while (reader.offset < bytes.length) {
    const header = parquetHeader(reader);
    const { compressed_page_size: packed, uncompressed_page_size: unpacked } = header;
    const raw = bytes.subarray(reader.offset, reader.offset + packed);
    if (!(packed >= 0 && raw.length === packed && unpacked >= 0 && unpacked <= chunk.unpacked)) {
      throw new RangeError("a page is larger than its column");
    }
    if (header.crc !== undefined && (crc32(raw) | 0) !== header.crc) {
      throw new RangeError("the checksum of a page is wrong");
    }
    reader.offset += packed;
    const { dictionary_page_header: dictionary, data_page_header: v1, data_page_header_v2: v2 } =
      header;
    if (header.type === "DICTIONARY_PAGE" && dictionary) {
      const body = unpack(raw, chunk.codec, unpacked);
      yield {
        kind: "dictionary",
        values: dictionary.num_values,
        encoding: dictionary.encoding,
        repetition: NOTHING,
        definition: NOTHING,
        body,
      };
    } else if (header.type === "DATA_PAGE" && v1) {
      const body = unpack(raw, chunk.codec, unpacked);
      const repetition = chunk.leaf.lists ? sized(body, 0) : NOTHING;
      const after = chunk.leaf.lists ? 4 + repetition.length : 0;
      const definition = chunk.leaf.defined ? sized(body, after) : NOTHING;
      const start = after + (chunk.leaf.defined ? 4 + definition.length : 0);
      yield {
        kind: "data",
        values: v1.num_values,
        encoding: v1.encoding,
        repetition,
        definition,
        body: body.subarray(start),
      };
    } else if (header.type === "DATA_PAGE_V2" && v2) {
      const rep = v2.repetition_levels_byte_length, levels = rep + v2.definition_levels_byte_length;
      if (!(rep >= 0 && levels >= rep && levels <= Math.min(packed, unpacked))) {
        throw new RangeError("the levels of a page are longer than the page");
      }
      const codec = v2.is_compressed === false ? "UNCOMPRESSED" : chunk.codec;
      yield {
        kind: "data",
        values: v2.num_values,
        encoding: v2.encoding,
        repetition: raw.subarray(0, rep),
        definition: raw.subarray(rep, levels),
        body: unpack(raw.subarray(levels), codec, unpacked - levels),
      };
    } else if (header.type !== "INDEX_PAGE") {
      throw new RangeError("a page is of no known kind");
    }
  }
}

/** A view of exactly these bytes. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A reader at the beginning of these bytes. */
export const readerOf = (bytes: Uint8Array): DataReader => ({ view: viewOf(bytes), offset: 0 });

function unpack(bytes: Uint8Array, codec: Chunk["codec"], size: number): Uint8Array {
  if (size === 0) return NOTHING;
  const unpacked = codec === "UNCOMPRESSED"
    ? bytes
    : codec === "ZSTD"
    ? zstdDecompressSync(bytes, { maxOutputLength: size })
    : compressors[codec]?.(bytes, size);
  if (unpacked?.length !== size) throw new RangeError(`a page does not unpack to ${size} bytes`);
  // A Buffer's `slice` shares memory, a plain array's does not.
  return new Uint8Array(unpacked.buffer, unpacked.byteOffset, size);
}

/** The bytes behind a length of four bytes at `at`. */
function sized(body: Uint8Array, at: number): Uint8Array {
  const length = viewOf(body).getUint32(at, true);
  if (at + 4 + length > body.length) throw new RangeError("levels run past the end of their page");
  return body.subarray(at + 4, at + 4 + length);
}
