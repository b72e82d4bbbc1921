/**
 * As much of Thrift's compact protocol as footers, headers of pages and offset indexes need: what is not
 * asked for is walked over, and what lies is refused.
 *
 * @module
 */

/** Bytes, and where to read on. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/** Types of fields that readers ask for. */
export const TRUE = 1, FALSE = 2, BYTE = 3, I32 = 5, I64 = 6, BINARY = 8, LIST = 9, STRUCT = 12;

const I16 = 4, DOUBLE = 7;
/** Structures within structures; what Parquet has is six deep. */
const DEEPEST = 16;

/** An unsigned integer, seven bits a byte, the lowest first; exact up to 2^53. */
export function readUnsigned(cursor: Cursor): number {
  const { bytes } = cursor;
  let value = 0, scale = 1;
  for (let length = 0; length < 10; length++) {
    if (cursor.at >= bytes.length) throw new RangeError("a number runs past its end");
    const byte = bytes[cursor.at++];
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
  throw new RangeError("a number is longer than ten bytes");
}

/** A signed integer: its sign is the lowest bit. */
export function readSigned(cursor: Cursor): number {
  const first = cursor.bytes[cursor.at];
  // Most of them are a single byte.
  if (first < 128) {
    cursor.at++;
    return (first >> 1) ^ -(first & 1);
  }
  const value = readUnsigned(cursor);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Reads a structure; `field` reads the value of a field and says so, or leaves it to be skipped. */
export function readStruct(
  cursor: Cursor,
  field: (id: number, type: number) => boolean,
): void {
  for (let id = 0;;) {
    const head = readByte(cursor), type = head & 15;
    if (type === 0) return;
    id = head >> 4 ? id + (head >> 4) : readSigned(cursor);
    if (!field(id, type)) skip(cursor, type, 0);
  }
}

/** The type and number of the elements of a list that begins here. */
export function readListHead(cursor: Cursor): { readonly type: number; readonly size: number } {
  const head = readByte(cursor), size = head >> 4 === 15 ? readUnsigned(cursor) : head >> 4;
  // Every element takes a byte or more.
  if (size > cursor.bytes.length - cursor.at) throw new RangeError("a list runs past its end");
  return { type: head & 15, size };
}

/** The number of structures in the list that begins here; throws where it is a list of something else. */
export function readStructsHead(cursor: Cursor): number {
  const { type, size } = readListHead(cursor);
  if (type !== STRUCT && size > 0) throw new RangeError("a list holds no structures");
  return size;
}

/** The bytes of a text, shared. */
export function readBinary(cursor: Cursor): Uint8Array {
  const length = readUnsigned(cursor), { bytes, at } = cursor;
  if (length > bytes.length - at) throw new RangeError("a field runs past its end");
  return bytes.subarray(at, cursor.at += length);
}

/** A byte. */
export function readByte(cursor: Cursor): number {
  if (cursor.at >= cursor.bytes.length) throw new RangeError("a structure runs past its end");
  return cursor.bytes[cursor.at++];
}

function skip(cursor: Cursor, type: number, depth: number): void {
  if (depth > DEEPEST) throw new RangeError("structures are nested too deeply");
  switch (type) {
    case TRUE:
    case FALSE:
      return;
    case BYTE:
      cursor.at++;
      break;
    case I16:
    case I32:
    case I64:
      skipNumber(cursor);
      break;
    case DOUBLE:
      cursor.at += 8;
      break;
    case BINARY: {
      const length = readUnsigned(cursor);
      cursor.at += length;
      break;
    }
    case LIST: {
      const list = readListHead(cursor), bool = list.type === TRUE || list.type === FALSE;
      for (let i = 0; i < list.size; i++) skip(cursor, bool ? BYTE : list.type, depth + 1);
      break;
    }
    case STRUCT:
      for (;;) {
        const head = readByte(cursor);
        if ((head & 15) === 0) return;
        if (head >> 4 === 0) readSigned(cursor);
        skip(cursor, head & 15, depth + 1);
      }
    default:
      throw new RangeError("a field is of no known type");
  }
  if (cursor.at > cursor.bytes.length) throw new RangeError("a field runs past its end");
}

function skipNumber(cursor: Cursor): void {
  const end = cursor.at + 10;
  // What is behind the last byte is not above anything.
  while (cursor.bytes[cursor.at++] >= 128) {
    if (cursor.at === end) throw new RangeError("a number is longer than ten bytes");
  }
}
