/**
 * List columns of one row group to pages.
 *
 * @module
 */

import type { Encoding } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { deltaBinaryPack } from "hyparquet-writer/src/delta.js";
import { countsDictionary } from "./dictionary.ts";
import {
  bytesOf,
  encodeDataPage,
  type EncodedChunk,
  encodeDictionary,
  type EncodedPage,
} from "./encode_page.ts";
import { encodeCodes, encodeLevels } from "./encode_runs.ts";

/** Values in a page, unless one row alone has more. */
const PAGE = 2 ** 17;

/** A list column of ascending integers: DELTA_BINARY_PACKED. */
export function encodeIds(name: string, offsets: Uint32Array, ids: Uint32Array): EncodedChunk {
  const signed = new Int32Array(ids.buffer, ids.byteOffset, ids.length);
  const encoding = "DELTA_BINARY_PACKED";
  return {
    ...listChunk(name, offsets, encoding, (from, to) => {
      const writer = new ByteWriter(4 * (to - from) + 64);
      deltaBinaryPack(writer, signed.subarray(from, to), "INT32");
      return writer.getBytes();
    }),
    type: "INT32",
    encodings: ["RLE", encoding],
    dictionary: undefined,
  };
}

/** A list column of numbers, with a dictionary where few differ, else PLAIN. */
export function encodeValues(
  name: string,
  offsets: Uint32Array,
  values: Float32Array,
  type: "INT32" | "FLOAT",
): EncodedChunk {
  const plain = type === "FLOAT" ? values : Uint32Array.from(values);
  const dictionary = countsDictionary(values);
  if (!dictionary) {
    const page = (from: number, to: number) => bytesOf(plain.subarray(from, to));
    const chunk = listChunk(name, offsets, "PLAIN", page);
    return { ...chunk, type, encodings: ["RLE", "PLAIN"], dictionary: undefined };
  }
  const { codes } = dictionary;
  const distinct = type === "FLOAT" ? dictionary.values : Uint32Array.from(dictionary.values);
  return {
    ...listChunk(
      name,
      offsets,
      "RLE_DICTIONARY",
      (from, to) => encodeCodes(codes.subarray(from, to), distinct.length),
    ),
    type,
    encodings: ["RLE", "PLAIN", "RLE_DICTIONARY"],
    dictionary: encodeDictionary(bytesOf(distinct), distinct.length),
  };
}

/** The pages of a list column, cut between rows. */
function listChunk(
  name: string,
  offsets: Uint32Array,
  encoding: Encoding,
  body: (from: number, to: number) => Uint8Array,
): Pick<EncodedChunk, "path" | "values" | "nulls" | "pages"> {
  const rows = offsets.length - 1, pages: EncodedPage[] = [];
  let values = 0, nulls = 0;
  for (let row = 0; row < rows;) {
    let end = row + 1;
    while (end < rows && offsets[end + 1] - offsets[row] <= PAGE) end++;
    const { repetition, definition, empty } = listLevels(offsets.subarray(row, end + 1));
    pages.push(encodeDataPage({
      values: repetition.length,
      nulls: empty,
      rows: end - row,
      encoding,
      repetition: encodeLevels(repetition),
      definition: encodeLevels(definition),
      body: body(offsets[row], offsets[end]),
    }));
    values += repetition.length;
    nulls += empty;
    row = end;
  }
  return { path: [name, "list", "element"], values, nulls, pages };
}

/** Repetition 0 begins a row; definition 0 is a row without elements. */
function listLevels(offsets: Uint32Array) {
  const rows = offsets.length - 1;
  let empty = 0;
  for (let row = 0; row < rows; row++) if (offsets[row + 1] === offsets[row]) empty++;
  const count = offsets[rows] - offsets[0] + empty;
  const repetition = new Uint8Array(count).fill(1), definition = new Uint8Array(count).fill(1);
  for (let row = 0, at = 0; row < rows; row++) {
    const length = offsets[row + 1] - offsets[row];
    repetition[at] = 0;
    if (length === 0) definition[at] = 0;
    at += Math.max(1, length);
  }
  return { repetition, definition, empty };
}
