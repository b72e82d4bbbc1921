/**
 * What stands before each page: its kind, its sizes, and how its values are encoded.
 *
 * @module
 */

import { type Cursor, FALSE, I32, readSigned, readStruct, STRUCT, TRUE } from "./thrift.ts";

/** Kinds of pages. */
export const DATA = 0, INDEX = 1, DICTIONARY = 2, DATA_V2 = 3;

/** Encodings, by the numbers that the format gives them. */
export const PLAIN = 0,
  PLAIN_DICTIONARY = 2,
  RLE = 3,
  DELTA_BINARY_PACKED = 5,
  RLE_DICTIONARY = 8,
  BYTE_STREAM_SPLIT = 9;

/** A header as it stands in the file; -1 where it says nothing. */
export interface PageHeader {
  kind: number;
  /** Bytes of the page once unpacked, without its header. */
  unpacked: number;
  /** Bytes of the page in the file, without its header. */
  packed: number;
  checksum: number | undefined;
  /** Values, nulls and empty lists counted. */
  values: number;
  encoding: number;
  /** Version 1: how the levels are encoded. */
  definitionEncoding: number;
  repetitionEncoding: number;
  /** Version 2: rows, all of which begin in the page. */
  rows: number;
  /** Version 2: bytes of the levels. */
  definition: number;
  repetition: number;
  /** Version 2: whether the values are packed by the codec of the column. */
  isPacked: boolean;
}

/** What the fields of a structure are, by their number in the format. */
type Fields = Readonly<Record<number, Exclude<keyof PageHeader, "isPacked">>>;

const OF_HEADER: Fields = { 1: "kind", 2: "unpacked", 3: "packed", 4: "checksum" };
/** A page of version 1, or a dictionary. */
const OF_PAGE: Fields = {
  1: "values",
  2: "encoding",
  3: "definitionEncoding",
  4: "repetitionEncoding",
};
const OF_PAGE_V2: Fields = {
  1: "values",
  3: "rows",
  4: "encoding",
  5: "definition",
  6: "repetition",
};
/** Numbers of the structures, and of the one field that is no number. */
const PAGE = 5, DICTIONARY_PAGE = 7, PAGE_V2 = 8, IS_PACKED = 7;

/** Reads the header that begins at the cursor. */
export function readPageHeader(cursor: Cursor): PageHeader {
  const header: PageHeader = {
    kind: -1,
    unpacked: -1,
    packed: -1,
    checksum: undefined,
    values: -1,
    encoding: -1,
    definitionEncoding: RLE,
    repetitionEncoding: RLE,
    rows: -1,
    definition: 0,
    repetition: 0,
    isPacked: true,
  };
  function number(fields: Fields, id: number, type: number): boolean {
    const name = type === I32 ? fields[id] : undefined;
    if (name !== undefined) header[name] = readSigned(cursor);
    return name !== undefined;
  }
  function ofPageV2(id: number, type: number): boolean {
    if (id !== IS_PACKED) return number(OF_PAGE_V2, id, type);
    header.isPacked = type !== FALSE;
    return type === TRUE || type === FALSE;
  }
  readStruct(cursor, (id, type) => {
    if (type !== STRUCT) return number(OF_HEADER, id, type);
    if (id === PAGE_V2) readStruct(cursor, ofPageV2);
    else if (id !== PAGE && id !== DICTIONARY_PAGE) return false;
    else readStruct(cursor, (id, type) => number(OF_PAGE, id, type));
    return true;
  });
  return header;
}
