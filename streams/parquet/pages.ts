/**
 * The pages of a chunk, checked and unpacked.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import type { Chunk } from "./chunk.ts";
import {
  DATA,
  DATA_V2,
  DICTIONARY,
  INDEX,
  type PageHeader,
  readPageHeader,
  RLE,
} from "./page_header.ts";
import type { Cursor } from "./thrift.ts";
import { unpackPage } from "./unpack_page.ts";

/** One page, whichever version of the format it has. */
export interface Page {
  readonly kind: "dictionary" | "data";
  /** Values, nulls and empty lists counted. */
  readonly values: number;
  readonly encoding: number;
  /** Runs of repetition levels; empty where the column has none. */
  readonly repetition: Uint8Array;
  /** Runs of definition levels; empty where the column has none. */
  readonly definition: Uint8Array;
  readonly body: Uint8Array;
}

/** Bytes for what no value accounts for: the head of a page's differences, the ends of runs. */
const SLACK = 4096;
/** Bytes that a number can take with its levels, however clumsily it is encoded. */
const LARGEST_NUMBER = 16;
/** Bytes of a page of texts: writers end theirs after one megabyte, the most generous after a hundred. */
const LARGEST_TEXTS = 2 ** 27;
/** Bytes from which on what a page unpacks to has a buffer of its own. */
const OWN = 2 ** 16;
const NOTHING = new Uint8Array(0);

/** The pages that lie in some parts of a chunk, one after the other; each lives until the next is asked for. */
export function* pagesOf(parts: readonly Uint8Array[], chunk: Chunk): Generator<Page> {
  for (const bytes of parts) {
    const cursor: Cursor = { bytes, at: 0 };
    while (cursor.at < bytes.length) {
      const header = readHeader(cursor, chunk);
      const raw = bytes.subarray(cursor.at, cursor.at += header.packed);
      if (header.checksum !== undefined && (crc32(raw) | 0) !== header.checksum) {
        throw new RangeError("the checksum of a page is wrong");
      }
      const page = pageOf(header, raw, chunk);
      if (!page) continue;
      yield page;
      freeUnpacked(page, raw);
    }
  }
}

function pageOf(header: PageHeader, raw: Uint8Array, chunk: Chunk): Page | undefined {
  if (header.kind === DICTIONARY) return dictionaryPage(header, raw, chunk);
  if (header.kind === DATA) return firstVersion(header, raw, chunk);
  return header.kind === DATA_V2 ? secondVersion(header, raw, chunk) : undefined;
}

/** Frees what a page unpacked to at once: garbage of megabytes a page is collected too late. */
function freeUnpacked({ body: { buffer } }: Page, raw: Uint8Array): void {
  // Small ones may lie in a buffer that others use, too.
  if (buffer !== raw.buffer && buffer.byteLength >= OWN) (buffer as ArrayBuffer).transfer(0);
}

/** The values of the data pages in some parts of a chunk, nulls and empty lists counted. */
export function valuesIn(parts: readonly Uint8Array[], chunk: Chunk): number {
  let values = 0;
  for (const bytes of parts) {
    for (const cursor: Cursor = { bytes, at: 0 }; cursor.at < bytes.length;) {
      const header = readHeader(cursor, chunk);
      if (header.kind === DATA || header.kind === DATA_V2) values += header.values;
      cursor.at += header.packed;
    }
  }
  if (values > chunk.values) throw new RangeError(`there are more than ${chunk.values} values`);
  return values;
}

/**
 * The header at the cursor, none of whose claims goes past the chunk.
 *
 * @param end Where the chunk, or the part of it that is there, ends, as the cursor counts.
 */
export function readHeader(cursor: Cursor, chunk: Chunk, end = cursor.bytes.length): PageHeader {
  const header = readPageHeader(cursor), { kind, packed, unpacked, values } = header;
  if (![DATA, INDEX, DICTIONARY, DATA_V2].includes(kind)) {
    throw new RangeError("a page is of no known kind");
  }
  if (!(packed >= 0 && packed <= end - cursor.at)) {
    throw new RangeError("a page is larger than its column");
  }
  if (kind === INDEX) return header;
  if (!(values >= 0 && values <= chunk.values)) {
    throw new RangeError(`a page claims ${values} of ${chunk.values} values`);
  }
  const text = chunk.leaf.type === "BYTE_ARRAY";
  const most = Math.min(
    chunk.unpacked,
    text ? LARGEST_TEXTS : SLACK + LARGEST_NUMBER * values,
  );
  if (!(unpacked >= 0 && unpacked <= most)) {
    throw new RangeError("a page unpacks to more than its values need");
  }
  return header;
}

function dictionaryPage(header: PageHeader, raw: Uint8Array, { codec }: Chunk): Page {
  return {
    kind: "dictionary",
    values: header.values,
    encoding: header.encoding,
    repetition: NOTHING,
    definition: NOTHING,
    body: unpackPage(raw, codec, header.unpacked),
  };
}

function firstVersion(header: PageHeader, raw: Uint8Array, { codec, leaf }: Chunk): Page {
  const { values, encoding, unpacked, definitionEncoding, repetitionEncoding } = header;
  if (definitionEncoding !== RLE || repetitionEncoding !== RLE) {
    throw new RangeError("levels are encoded in a way that was given up long ago");
  }
  const body = unpackPage(raw, codec, unpacked);
  const repetition = leaf.lists ? sized(body, 0) : NOTHING;
  const after = leaf.lists ? 4 + repetition.length : 0;
  const definition = leaf.defined ? sized(body, after) : NOTHING;
  const start = after + (leaf.defined ? 4 + definition.length : 0);
  return { kind: "data", values, encoding, repetition, definition, body: body.subarray(start) };
}

function secondVersion(header: PageHeader, raw: Uint8Array, { codec }: Chunk): Page {
  const { values, encoding, unpacked, packed, repetition, definition, isPacked } = header;
  const levels = repetition + definition;
  if (!(repetition >= 0 && definition >= 0 && levels <= Math.min(packed, unpacked))) {
    throw new RangeError("the levels of a page are longer than the page");
  }
  return {
    kind: "data",
    values,
    encoding,
    repetition: raw.subarray(0, repetition),
    definition: raw.subarray(repetition, levels),
    body: unpackPage(raw.subarray(levels), isPacked ? codec : "UNCOMPRESSED", unpacked - levels),
  };
}

/** The bytes behind a length of four bytes at `at`. */
function sized(body: Uint8Array, at: number): Uint8Array {
  if (at + 4 > body.length) throw new RangeError("a page ends within its levels");
  const length = viewOf(body).getUint32(at, true);
  if (at + 4 + length > body.length) throw new RangeError("levels run past the end of their page");
  return body.subarray(at + 4, at + 4 + length);
}

/** A view of exactly these bytes. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
