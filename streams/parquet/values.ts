/**
 * The values of one page: PLAIN, differences, or codes of a dictionary.
 *
 * @module
 */

import { decodeDeltaInto } from "./delta.ts";
import { decodeHybridInto } from "./hybrid.ts";
import type { Leaf } from "./leaf.ts";
import { type Page, readerOf, viewOf } from "./pages.ts";

/** Arrays that decoding fills. */
export type Numbers = Uint32Array | Float32Array | Float64Array;

// Decoding is synchronous and never nested, so one buffer serves all pages.
let codes = new Uint32Array(0);

/** Fills `out` with the numbers of a page. */
export function decodePageInto(
  out: Numbers,
  page: Page,
  leaf: Leaf,
  dictionary: ArrayLike<number> | undefined,
): void {
  switch (page.encoding) {
    case "PLAIN":
      return out.set(plainNumbers(page.body, leaf, out.length));
    case "DELTA_BINARY_PACKED":
      if (leaf.type !== "INT32") break;
      return decodeDeltaInto(out, readerOf(page.body));
    case "RLE_DICTIONARY":
    case "PLAIN_DICTIONARY":
      return lookUpInto(out, page, dictionary);
  }
  throw new RangeError(`a page has the encoding ${page.encoding}, which its column does not`);
}

/** Fills `out` with what the dictionary has at each of the codes of a page. */
export function lookUpInto(
  out: Numbers | Int32Array,
  page: Page,
  dictionary: ArrayLike<number> | undefined,
): void {
  if (!dictionary) throw new RangeError("a page needs a dictionary that is missing");
  const count = out.length, size = dictionary.length;
  if (count === 0) return;
  if (codes.length < count) codes = new Uint32Array(count);
  decodeHybridInto(codes.subarray(0, count), readerOf(page.body.subarray(1)), page.body[0]);
  for (let i = 0; i < count; i++) {
    if (codes[i] >= size) throw new RangeError("a code is not in the dictionary");
    out[i] = dictionary[codes[i]];
  }
}

/** The numbers that `bytes` hold: a view where the memory is aligned, else a copy. */
export function plainNumbers(bytes: Uint8Array, leaf: Leaf, count: number): Numbers | Int32Array {
  const length = count * (leaf.type === "DOUBLE" ? 8 : 4);
  if (bytes.length < length) {
    throw new RangeError(`${count} values need ${length} bytes and have ${bytes.length}`);
  }
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice(0, length);
  if (leaf.type === "DOUBLE") return new Float64Array(aligned.buffer, aligned.byteOffset, count);
  if (leaf.type === "FLOAT") return new Float32Array(aligned.buffer, aligned.byteOffset, count);
  return leaf.unsigned
    ? new Uint32Array(aligned.buffer, aligned.byteOffset, count)
    : new Int32Array(aligned.buffer, aligned.byteOffset, count);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The `count` PLAIN strings that `bytes` hold: each behind its length. */
export function plainStrings(bytes: Uint8Array, count: number): string[] {
  const view = viewOf(bytes), texts: string[] = [];
  for (let at = 0; texts.length < count;) {
    const length = view.getUint32(at, true);
    if (at + 4 + length > bytes.length) throw new RangeError("a string runs past its page");
    texts.push(utf8.decode(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return texts;
}
