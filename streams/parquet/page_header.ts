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
  /** Version 2: rows, all of which begin in the page. */
  rows: number;
  /** Version 1: how both levels are encoded. */
  levels: [definition: number, repetition: number];
  /** Version 2: bytes of the repetition and of the definition levels. */
  repetition: number;
  definition: number;
  /** Version 2: whether the values are packed by the codec of the column. */
  isPacked: boolean;
}

/** Reads the header that begins at the cursor. */
export function readPageHeader(cursor: Cursor): PageHeader {
  const header: PageHeader = {
    kind: -1,
    unpacked: -1,
    packed: -1,
    checksum: undefined,
    values: -1,
    encoding: -1,
    rows: -1,
    levels: [RLE, RLE],
    repetition: 0,
    definition: 0,
    isPacked: true,
  };
  const within = (field: (id: number, type: number) => boolean): true => {
    readStruct(cursor, field);
    return true;
  };
  const integer = (set: (value: number) => void): true => {
    set(readSigned(cursor));
    return true;
  };
  readStruct(cursor, (id, type) => {
    if (type === I32 && id === 1) return integer((value) => header.kind = value);
    if (type === I32 && id === 2) return integer((value) => header.unpacked = value);
    if (type === I32 && id === 3) return integer((value) => header.packed = value);
    if (type === I32 && id === 4) return integer((value) => header.checksum = value);
    if (type !== STRUCT) return false;
    // The header of a page of version 1, or that of a dictionary.
    if (id === 5 || id === 7) {
      return within((id, type) => {
        if (type !== I32) return false;
        if (id === 1) return integer((value) => header.values = value);
        if (id === 2) return integer((value) => header.encoding = value);
        if (id === 3 || id === 4) return integer((value) => header.levels[id - 3] = value);
        return false;
      });
    }
    if (id !== 8) return false;
    return within((id, type) => {
      if (id === 7) {
        header.isPacked = type !== FALSE;
        return type === TRUE || type === FALSE;
      }
      if (type !== I32) return false;
      if (id === 1) return integer((value) => header.values = value);
      if (id === 3) return integer((value) => header.rows = value);
      if (id === 4) return integer((value) => header.encoding = value);
      if (id === 5) return integer((value) => header.definition = value);
      if (id === 6) return integer((value) => header.repetition = value);
      return false;
    });
  });
  return header;
}
