/**
 * Columns of single values of one row group to pages; a value may be missing.
 *
 * @module
 */

import type { Encoding } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { bytesOf, encodeDataPage, type EncodedChunk, encodeDictionary } from "./encode_page.ts";
import { encodeCodes, encodeLevels, widthOf } from "./encode_runs.ts";

/** A column of categories by code, null where the code is -1: a dictionary of those that occur. */
export function encodeCategories(
  name: string,
  codes: Int32Array,
  categories: readonly string[],
): EncodedChunk {
  const present = codes.filter((code) => code >= 0);
  const used = [...new Set(present)].sort((a, b) => a - b);
  const place = new Map(used.map((code, i) => [code, i]));
  const texts = new ByteWriter();
  for (const code of used) {
    const text = new TextEncoder().encode(categories[code]);
    texts.appendUint32(text.length);
    texts.appendBytes(text);
  }
  return {
    ...nullableChunk(
      name,
      codes.map((code) => code >= 0 ? 1 : 0),
      "RLE_DICTIONARY",
      encodeCodes(Uint32Array.from(present, (code) => place.get(code)!), widthOf(used.length)),
    ),
    type: "BYTE_ARRAY",
    encodings: ["RLE", "PLAIN", "RLE_DICTIONARY"],
    dictionary: encodeDictionary(texts.getBytes(), used.length),
  };
}

/** A column of numbers, null where they are NaN: PLAIN. */
export function encodeNumbers(name: string, numbers: Float64Array): EncodedChunk {
  const there = Int32Array.from(numbers, (number) => Number.isNaN(number) ? 0 : 1);
  const present = numbers.filter((number) => !Number.isNaN(number));
  return {
    ...nullableChunk(name, there, "PLAIN", bytesOf(present)),
    type: "DOUBLE",
    encodings: ["RLE", "PLAIN"],
    dictionary: undefined,
  };
}

/** The page of a column of single values. */
function nullableChunk(
  name: string,
  present: Int32Array,
  encoding: Encoding,
  body: Uint8Array,
): Pick<EncodedChunk, "path" | "codec" | "values" | "nulls" | "pages"> {
  const nulls = present.reduce((sum, one) => sum + 1 - one, 0);
  const page = encodeDataPage({
    values: present.length,
    nulls,
    rows: present.length,
    encoding,
    repetition: new Uint8Array(0),
    definition: encodeLevels(present),
    body,
  });
  return { path: [name], codec: "ZSTD", values: present.length, nulls, pages: [page] };
}
