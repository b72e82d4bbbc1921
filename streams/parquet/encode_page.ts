/**
 * Pages as they stand in a file: header, levels, and a body packed by zstd, with a checksum.
 *
 * @module
 */

import { constants, crc32, zstdCompressSync } from "node:zlib";
import type { Encoding, PageHeader, ParquetType } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";

/** What a data page holds. */
export interface DataPage {
  /** Values, nulls and empty lists counted. */
  readonly values: number;
  /** Nulls and empty lists. */
  readonly nulls: number;
  readonly rows: number;
  readonly encoding: Encoding;
  readonly repetition: Uint8Array;
  readonly definition: Uint8Array;
  readonly body: Uint8Array;
}

/** A page, and its size had nothing been packed. */
export interface EncodedPage {
  readonly bytes: Uint8Array;
  readonly unpacked: number;
}

/** A column of one row group. */
export interface EncodedChunk {
  readonly path: string[];
  readonly type: ParquetType;
  readonly encodings: Encoding[];
  /** Values, nulls and empty lists counted. */
  readonly values: number;
  /** Nulls and empty lists. */
  readonly nulls: number;
  readonly dictionary: EncodedPage | undefined;
  readonly pages: readonly EncodedPage[];
}

/** A dictionary of `count` PLAIN values. */
export function encodeDictionary(body: Uint8Array, count: number): EncodedPage {
  const packed = pack(body);
  return join(body.length, [packed], {
    type: "DICTIONARY_PAGE",
    dictionary_page_header: { num_values: count, encoding: "PLAIN" },
  });
}

/** A data page of version 2, whose levels stay unpacked. */
export function encodeDataPage(page: DataPage): EncodedPage {
  const { repetition, definition, body } = page;
  const levels = repetition.length + definition.length;
  return join(levels + body.length, [repetition, definition, pack(body)], {
    type: "DATA_PAGE_V2",
    data_page_header_v2: {
      num_values: page.values,
      num_nulls: page.nulls,
      num_rows: page.rows,
      encoding: page.encoding,
      definition_levels_byte_length: definition.length,
      repetition_levels_byte_length: repetition.length,
      is_compressed: true,
    },
  });
}

/** The bytes of an array, shared. */
export const bytesOf = (array: Uint32Array | Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Level 1 is twice as fast as the default and costs a few per cent of size. */
const pack = (body: Uint8Array): Uint8Array =>
  zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });

function join(
  unpacked: number,
  parts: readonly Uint8Array[],
  kind: Omit<PageHeader, "uncompressed_page_size" | "compressed_page_size" | "crc">,
): EncodedPage {
  const packed = parts.reduce((sum, part) => sum + part.length, 0);
  const crc = parts.reduce((sum, part) => crc32(part, sum), 0) | 0;
  const writer = new ByteWriter(packed + 128);
  writePageHeader(writer, {
    ...kind,
    uncompressed_page_size: unpacked,
    compressed_page_size: packed,
    crc,
  });
  const header = writer.offset;
  for (const part of parts) writer.appendBytes(part);
  return { bytes: writer.getBytes(), unpacked: header + unpacked };
}
