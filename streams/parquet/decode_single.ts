/**
 * Pieces of columns of single values, read from a file, to typed arrays.
 *
 * @module
 */

import type { Leaf } from "./leaf.ts";
import { allDefined, definitionOf } from "./levels.ts";
import { lookUpInto } from "./look_up.ts";
import * as encoding from "./page_header.ts";
import { type Page, pagesOf } from "./pages.ts";
import type { Piece } from "./piece.ts";
import { decodeValuesInto, dictionaryLike, plainTexts } from "./values.ts";

/** Codes of texts, for as many rows as the piece has, from `row` on, which is moved on; -1 for none. */
export interface CodeTarget {
  readonly codes: Int32Array;
  row: number;
  /** The code of a text; throws where it has none. */
  readonly codeOf: (text: string) => number;
}

/** Numbers, for as many rows as the piece has, from `row` on, which is moved on; NaN for none. */
export interface NumberTarget {
  readonly numbers: Float64Array;
  row: number;
}

/** Appends the codes of a piece of a column of texts; throws a RangeError where it is damaged. */
export function decodeCodesInto(
  target: CodeTarget,
  piece: Piece,
  parts: readonly Uint8Array[],
): void {
  const all = new Int32Array(piece.stored), { codeOf } = target;
  let dictionary: Int32Array | undefined;
  for (const { page, part, present } of singles(all, piece, parts)) {
    if (!part) dictionary = Int32Array.from(plainTexts(page.body, page.values), codeOf);
    else {
      const found = part.subarray(0, present);
      if (page.encoding === encoding.PLAIN) {
        found.set(plainTexts(page.body, present).map(codeOf));
      } else if (!isCoded(page)) throw new RangeError("texts are encoded in no known way");
      else if (dictionary) lookUpInto(found, page.body, { dictionary });
      else throw new RangeError("a page needs a dictionary that is missing");
      spreadInto(part, page, { leaf: piece.chunk.leaf, missing: -1, present });
    }
  }
  target.codes.set(all.subarray(piece.skip, piece.skip + piece.rows), target.row);
  target.row += piece.rows;
}

/** Appends the numbers of a piece of a column of single numbers; throws a RangeError where it is damaged. */
export function decodeNumbersInto(
  target: NumberTarget,
  piece: Piece,
  parts: readonly Uint8Array[],
): void {
  const all = new Float64Array(piece.stored), { leaf } = piece.chunk;
  let dictionary: Float64Array | undefined;
  for (const { page, part, present } of singles(all, piece, parts)) {
    if (!part) dictionary = dictionaryLike(all, page, leaf);
    else {
      decodeValuesInto(part.subarray(0, present), page, { leaf, dictionary });
      spreadInto(part, page, { leaf, missing: NaN, present });
    }
  }
  target.numbers.set(all.subarray(piece.skip, piece.skip + piece.rows), target.row);
  target.row += piece.rows;
}

const isCoded = ({ encoding: named }: Page): boolean =>
  named === encoding.RLE_DICTIONARY || named === encoding.PLAIN_DICTIONARY;

/** The pages of a piece, each with its part of `all` and the values that are there; a dictionary without. */
function* singles<A extends Int32Array | Float64Array>(
  all: A,
  { chunk, stored }: Piece,
  parts: readonly Uint8Array[],
): Generator<{ page: Page; part: A | undefined; present: number }> {
  let row = 0;
  for (const page of pagesOf(parts, chunk)) {
    if (page.kind === "dictionary") {
      yield { page, part: undefined, present: 0 };
      continue;
    }
    if (row + page.values > stored) throw new RangeError(`there are more than ${stored} rows`);
    const present = presentIn(page, chunk.leaf);
    yield { page, part: all.subarray(row, row + page.values) as A, present };
    row += page.values;
  }
  if (row !== stored) throw new RangeError(`there are ${row} rows instead of ${stored}`);
}

function presentIn(page: Page, leaf: Leaf): number {
  if (allDefined(page, leaf)) return page.values;
  const definition = definitionOf(page, leaf);
  let present = 0;
  for (let i = 0; i < definition.length; i++) if (definition[i] === leaf.defined) present++;
  return present;
}

/** Moves values that were decoded end to end to the rows that have one, from the last to the first. */
function spreadInto(
  out: Float64Array | Int32Array,
  page: Page,
  { leaf, missing, present }: { readonly leaf: Leaf; missing: number; present: number },
): void {
  if (present === out.length) return;
  const definition = definitionOf(page, leaf);
  for (let row = out.length - 1, value = present; row >= 0; row--) {
    out[row] = definition[row] === leaf.defined ? out[--value] : missing;
  }
}
