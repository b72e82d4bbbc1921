/**
 * Pieces of columns of single values, read from a file, to typed arrays.
 *
 * @module
 */

import type { Leaf } from "./leaf.ts";
import { allDefined, definitionOf } from "./levels.ts";
import { lookUpInto } from "./look_up.ts";
import { PLAIN } from "./page_header.ts";
import { type Page, pagesOf } from "./pages.ts";
import type { Piece } from "./piece.ts";
import { decodeValuesInto, dictionaryLike, isCoded, plainTexts } from "./values.ts";

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
  const all = new Int32Array(piece.stored), { codeOf } = target, { leaf } = piece.chunk;
  const wanted = [piece.skip, piece.skip + piece.rows];
  let dictionary: Int32Array | undefined;
  for (const { page, part, first, present } of singles(all, piece, parts)) {
    if (!part) dictionary = Int32Array.from(plainTexts(page.body, 0, page.values), codeOf);
    else {
      const found = part.subarray(0, present);
      if (page.encoding === PLAIN) {
        const [from, to] = wanted.map((row) => presentBefore(row - first, page, leaf));
        found.set(plainTexts(page.body, from, to).map(codeOf), from);
      } else if (!isCoded(page)) throw new RangeError("texts are encoded in no known way");
      else if (dictionary) lookUpInto(found, page.body, { dictionary });
      else throw new RangeError("a page needs a dictionary that is missing");
      spreadInto(part, page, { leaf, missing: -1, present });
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

/**
 * The pages of a piece, each with its part of `all`, its first row and the number of values that are there;
 * a dictionary without them.
 */
function* singles<A extends Int32Array | Float64Array>(
  all: A,
  { chunk, stored }: Piece,
  parts: readonly Uint8Array[],
): Generator<{ page: Page; part: A | undefined; first: number; present: number }> {
  let row = 0;
  for (const page of pagesOf(parts, chunk)) {
    if (page.kind === "dictionary") {
      yield { page, part: undefined, first: row, present: 0 };
      continue;
    }
    if (row + page.values > stored) throw new RangeError(`there are more than ${stored} rows`);
    const part = all.subarray(row, row + page.values) as A;
    yield { page, part, first: row, present: presentBefore(page.values, page, chunk.leaf) };
    row += page.values;
  }
  if (row !== stored) throw new RangeError(`there are ${row} rows instead of ${stored}`);
}

/** Values that are there in the rows of a page before `row`, which may lie outside the page. */
function presentBefore(row: number, page: Page, leaf: Leaf): number {
  const end = Math.min(Math.max(row, 0), page.values);
  if (end === 0 || allDefined(page, leaf)) return end;
  const definition = definitionOf(page, leaf);
  let present = 0;
  for (let i = 0; i < end; i++) if (definition[i] === leaf.defined) present++;
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
