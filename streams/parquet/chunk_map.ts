/**
 * What a footer says of one column, row group by row group, as plain numbers: an atlas of ten million
 * cells has ten thousand row groups, and whoever reads it should not hold an object for each.
 *
 * @module
 */

import { unsigned as leb128 } from "../wasm/leb128.ts";
import type { Footer } from "./footer.ts";
import type { Leaf } from "./leaf.ts";
import {
  BINARY,
  type Cursor,
  I32,
  I64,
  LIST,
  readBinary,
  readListHead,
  readSigned,
  readStruct,
  readStructsHead,
  STRUCT,
} from "./thrift.ts";

/**
 * Places of the numbers of a row group; NaN where the footer says nothing. `encodings` has a bit for
 * each, by its number, and 10 for those that have no name; `most` is the largest value, by statistics.
 */
export const CHUNK = {
  rows: 0,
  dataPage: 1,
  dictionary: 2,
  bytes: 3,
  unpacked: 4,
  values: 5,
  type: 6,
  codec: 7,
  encodings: 8,
  index: 9,
  indexBytes: 10,
  most: 11,
  length: 12,
} as const;

/** Where fields of a chunk go, by their number in the format; and those of its meta data. */
const OF_CHUNK: Readonly<Record<number, number>> = { 4: CHUNK.index, 5: CHUNK.indexBytes };
const OF_META: Readonly<Record<number, number>> = {
  1: CHUNK.type,
  4: CHUNK.codec,
  5: CHUNK.values,
  6: CHUNK.unpacked,
  7: CHUNK.bytes,
  9: CHUNK.dataPage,
  11: CHUNK.dictionary,
};
/** Number of the bit for encodings without a name. */
const UNNAMED = 10;
/** Bytes that a footer takes at least to say what has to be said of a chunk. */
const LEAST = 16;

/**
 * The numbers of these columns, `CHUNK.length` for each row group, in memory that threads share.
 *
 * @throws RangeError where a row group says nothing of a column.
 */
export function mapChunks(
  footer: Footer,
  leaves: readonly Leaf[],
): Float64Array<SharedArrayBuffer>[] {
  const { bytes, groups, rows } = footer, cursor = { bytes, at: 0 };
  const places = leaves.map(({ path }) => encodePath(path)), chunk = chunkAt(cursor, places);
  if (groups.length * leaves.length * LEAST > bytes.length) {
    throw new RangeError(`its footer is too short to speak of ${groups.length} row groups`);
  }
  const maps = leaves.map(() =>
    new Float64Array(new SharedArrayBuffer(8 * groups.length * CHUNK.length))
  );
  const seen = new Int32Array(leaves.length).fill(-1);
  for (let group = 0; group < groups.length; group++) {
    cursor.at = groups[group];
    readStruct(cursor, (id, type) => {
      if (id !== 1 || type !== LIST) return false;
      for (let left = readStructsHead(cursor); left > 0; left--) {
        const column = chunk.read();
        if (column < 0 || seen[column] === group) continue;
        seen[column] = group;
        chunk.numbers[CHUNK.rows] = rows[group];
        chunk.numbers[CHUNK.most] = chunk.most(leaves[column]);
        maps[column].set(chunk.numbers, group * CHUNK.length);
      }
      return true;
    });
    const absent = seen.findIndex((last) => last !== group);
    if (absent >= 0) throw new RangeError(`column "${leaves[absent].path[0]}" is missing`);
  }
  return maps;
}

/** Reads chunk after chunk, wherever the cursor is. */
function chunkAt(cursor: Cursor, places: readonly Uint8Array[]) {
  const numbers = new Float64Array(CHUNK.length);
  let column = -1, most: Uint8Array | undefined;

  const statistic = (id: number, type: number): boolean => {
    // Field 1 is where older writers put it.
    if (type !== BINARY || !(id === 5 || (id === 1 && !most))) return false;
    most = readBinary(cursor);
    return true;
  };
  const ofMeta = (id: number, type: number): boolean => {
    const place = type === I32 || type === I64 ? OF_META[id] : undefined;
    if (place !== undefined) numbers[place] = readSigned(cursor);
    else if (id === 2 && type === LIST) numbers[CHUNK.encodings] = readEncodings(cursor);
    else if (id === 12 && type === STRUCT) readStruct(cursor, statistic);
    else {
      if (id === 3) column = places.findIndex((place) => isNext(cursor, place));
      return false;
    }
    return true;
  };
  const ofChunk = (id: number, type: number): boolean => {
    const place = type === I32 || type === I64 ? OF_CHUNK[id] : undefined;
    if (place !== undefined) numbers[place] = readSigned(cursor);
    else if (id === 3 && type === STRUCT) readStruct(cursor, ofMeta);
    else return false;
    return true;
  };
  return {
    /** Of the chunk that was read last. */
    numbers,
    most: (leaf: Leaf): number => most ? numberIn(most, leaf) : NaN,
    /** Which of the columns the next chunk is of; -1 where it is of none. */
    read(): number {
      numbers.fill(NaN);
      column = -1;
      most = undefined;
      readStruct(cursor, ofChunk);
      // A place is none without its size.
      if (Number.isNaN(numbers[CHUNK.indexBytes])) numbers[CHUNK.index] = NaN;
      return column;
    },
  };
}

function readEncodings(cursor: Cursor): number {
  const { type, size } = readListHead(cursor);
  if (type !== I32 && size > 0) throw new RangeError("encodings are of no known kind");
  let bits = 0;
  for (let i = 0; i < size; i++) {
    const encoding = readSigned(cursor);
    bits |= 1 << (encoding >= 0 && encoding < UNNAMED ? encoding : UNNAMED);
  }
  return bits;
}

/** A path as a footer has it: a list of texts. */
function encodePath(path: readonly string[]): Uint8Array {
  const texts = path.map((name) => new TextEncoder().encode(name));
  const head = path.length < 15
    ? [path.length * 16 + BINARY]
    : [240 + BINARY, ...leb128(path.length)];
  return Uint8Array.from([
    ...head,
    ...texts.flatMap((text) => [...leb128(text.length), ...text]),
  ]);
}

function isNext({ bytes, at }: Cursor, place: Uint8Array): boolean {
  for (let i = 0; i < place.length; i++) if (bytes[at + i] !== place[i]) return false;
  return true;
}

/** A number as statistics have it; NaN where it is none. */
function numberIn(bytes: Uint8Array, { type, unsigned }: Leaf): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length === 4) {
    if (type === "FLOAT") return view.getFloat32(0, true);
    if (type === "INT32") return unsigned ? view.getUint32(0, true) : view.getInt32(0, true);
  }
  if (bytes.length === 8) {
    if (type === "DOUBLE") return view.getFloat64(0, true);
    if (type === "INT64") return Number(view[unsigned ? "getBigUint64" : "getBigInt64"](0, true));
  }
  return NaN;
}
