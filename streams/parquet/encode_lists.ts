/**
 * List columns of one row group to pages of 64 rows, so that a few neighbouring rows can be read alone.
 *
 * A reader is to spend least time on a cell as long as the file stays small, and unpacking by zstd takes
 * it longer than all the rest. Genes that are numbered by popularity have small differences: zstd would
 * save a fifth of them, a ninth of the file, for a sixth of the time, so they are packed only where it
 * saves more. Counts as differences are as small, and to have them smaller would cost twice as much time:
 * they stay as they are, but for those of which hardly any differ.
 *
 * @module
 */

import type { Encoding } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { countsDictionary, type Dictionary } from "./dictionary.ts";
import { encodeDelta } from "./encode_delta.ts";
import {
  bytesOf,
  encodeDataPage,
  type EncodedChunk,
  encodeDictionary,
  type EncodedPage,
  encodePlainPage,
  pack,
} from "./encode_page.ts";
import { encodeCodes, encodeLevels, widthOf, writeRun } from "./encode_runs.ts";

/** Rows of a page. */
export const PAGE_ROWS = 64;
/** Ids are packed where zstd leaves so much of them at most. */
const WORTH = 2 / 3;

/** A list column of ascending integers: DELTA_BINARY_PACKED. */
export function encodeIds(name: string, offsets: Uint32Array, ids: Uint32Array): EncodedChunk {
  const layout = differences(ids), firstPage = layout.body(0, firstEntries(offsets)).slice();
  const isWorth = pack(firstPage).length <= WORTH * firstPage.length;
  return listChunk(name, offsets, { ...layout, pack: isWorth ? encodeDataPage : encodePlainPage });
}

/** A list column of numbers: as differences, with a dictionary where few differ, else PLAIN. */
export function encodeValues(
  name: string,
  offsets: Uint32Array,
  values: Float32Array,
  type: "INT32" | "FLOAT",
): EncodedChunk {
  if (type === "FLOAT") {
    const dictionary = countsDictionary(values);
    const layout = dictionary ? coded(dictionary, type) : plain(values);
    return listChunk(name, offsets, { ...layout, pack: encodeDataPage });
  }
  const layout = differences(integersOf(values));
  const firstPage = values.subarray(0, firstEntries(offsets));
  const dictionary = isWorthCoding(layout, firstPage) ? countsDictionary(values) : undefined;
  return dictionary
    ? listChunk(name, offsets, { ...coded(dictionary, type), pack: encodeDataPage })
    : listChunk(name, offsets, { ...layout, pack: encodePlainPage });
}

/** Entries of the first page, on which it is found out how all of them are encoded. */
const firstEntries = (offsets: Uint32Array): number =>
  offsets[Math.min(PAGE_ROWS, offsets.length - 1)];

/** Whether codes and zstd leave a third of what differences are; found out on the first page. */
function isWorthCoding(layout: Layout, page: Float32Array): boolean {
  const dictionary = countsDictionary(page);
  if (!dictionary) return false;
  const packed = pack(coded(dictionary, layout.type).body(0, page.length));
  return packed.length <= layout.body(0, page.length).length / 3;
}

// Encoding is synchronous and never nested, so one array serves all chunks.
let integers = new Uint32Array(0);

/** Values as integers; overwritten by the next call. */
function integersOf(values: Float32Array): Uint32Array {
  if (integers.length < values.length) integers = new Uint32Array(Math.ceil(1.5 * values.length));
  integers.set(values);
  return integers.subarray(0, values.length);
}

/** How the values of a chunk are encoded. */
interface Layout {
  readonly type: "INT32" | "FLOAT";
  readonly encoding: Encoding;
  readonly dictionary?: EncodedPage;
  /** The values `from … to - 1`; may be overwritten by the next call. */
  readonly body: (from: number, to: number) => Uint8Array;
}

const differences = (integers: Uint32Array): Layout => ({
  type: "INT32",
  encoding: "DELTA_BINARY_PACKED",
  body: (from, to) => encodeDelta(integers.subarray(from, to)),
});

const plain = (values: Float32Array): Layout => ({
  type: "FLOAT",
  encoding: "PLAIN",
  body: (from, to) => bytesOf(values.subarray(from, to)),
});

function coded({ codes, values }: Dictionary, type: Layout["type"]): Layout {
  const distinct = type === "FLOAT" ? values : Uint32Array.from(values), size = distinct.length;
  // Whole bytes are what zstd finds patterns in.
  const width = Math.ceil(widthOf(size) / 8) * 8;
  return {
    type,
    encoding: "RLE_DICTIONARY",
    dictionary: encodeDictionary(bytesOf(distinct), size),
    body: (from, to) => encodeCodes(codes.subarray(from, to), width),
  };
}

/** The pages of a list column, cut between rows. */
function listChunk(
  name: string,
  offsets: Uint32Array,
  layout: Layout & { readonly pack: typeof encodeDataPage },
): EncodedChunk {
  const rows = offsets.length - 1, pages: EncodedPage[] = [];
  let values = 0, nulls = 0;
  for (let row = 0; row < rows; row += PAGE_ROWS) {
    const end = Math.min(rows, row + PAGE_ROWS);
    const levels = listLevels(offsets.subarray(row, end + 1));
    pages.push(layout.pack({
      ...levels,
      rows: end - row,
      encoding: layout.encoding,
      body: layout.body(offsets[row], offsets[end]),
    }));
    values += levels.values;
    nulls += levels.nulls;
  }
  return {
    path: [name, "list", "element"],
    type: layout.type,
    codec: layout.pack === encodePlainPage ? "UNCOMPRESSED" : "ZSTD",
    encodings: [
      ...new Set<Encoding>(["RLE", layout.dictionary ? "PLAIN" : "RLE", layout.encoding]),
    ],
    values,
    nulls,
    dictionary: layout.dictionary,
    pages,
  };
}

/** Repetition 0 begins a row; definition 0 is a row without elements. */
function listLevels(offsets: Uint32Array) {
  const rows = offsets.length - 1, writer = new ByteWriter(), entries = offsets[rows] - offsets[0];
  let nulls = 0;
  for (let row = 0; row < rows; row++) {
    const length = offsets[row + 1] - offsets[row];
    writeRun(writer, 0, 1);
    if (length === 0) nulls++;
    else writeRun(writer, 1, length - 1);
  }
  return {
    repetition: writer.getBytes(),
    definition: nulls === 0 ? encodedRun(entries) : encodeLevels(definitions(offsets)),
    values: entries + nulls,
    nulls,
  };
}

function encodedRun(length: number): Uint8Array {
  const writer = new ByteWriter();
  writeRun(writer, 1, length);
  return writer.getBytes();
}

function definitions(offsets: Uint32Array): number[] {
  const levels: number[] = [];
  for (let row = 0; row + 1 < offsets.length; row++) {
    const length = offsets[row + 1] - offsets[row];
    if (length === 0) levels.push(0);
    for (let i = 0; i < length; i++) levels.push(1);
  }
  return levels;
}
