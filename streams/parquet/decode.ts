/**
 * Chunks of pages to typed arrays. Damage is a RangeError that says what is wrong.
 *
 * @module
 */

import type { Chunk } from "./chunk.ts";
import type { Leaf } from "./leaf.ts";
import { countPresent, type Levels, levelsOf } from "./levels.ts";
import { type Page, pagesOf } from "./pages.ts";
import { decodePageInto, lookUpInto, type Numbers, plainNumbers, plainStrings } from "./values.ts";

/**
 * Decodes a column of lists: row `i` owns `values[offsets[i]]` up to `values[offsets[i + 1]]`. A null
 * list reads as an empty one. Returns the number of elements.
 *
 * @param offsets One longer than the chunk has rows.
 * @param values At least as long as the chunk has values.
 */
export function decodeListInto(
  offsets: Uint32Array,
  values: Numbers,
  bytes: Uint8Array,
  chunk: Chunk,
): number {
  const { leaf, rows } = chunk;
  let row = 0, entry = 0, dictionary: ArrayLike<number> | undefined;
  for (const page of pages(bytes, chunk)) {
    if (page.kind === "dictionary") {
      dictionary = plainNumbers(page.body, leaf, page.values);
      continue;
    }
    const { repetition, definition } = levelsOf(page, leaf);
    const first = entry;
    for (let i = 0; i < page.values; i++) {
      if (repetition[i] === 0) {
        if (row === rows) throw new RangeError(`there are more than ${rows} rows`);
        offsets[row++] = entry;
      } else if (row === 0) throw new RangeError("the first list has no beginning");
      if (definition[i] === leaf.defined) entry++;
      else if (definition[i] >= leaf.element) throw new RangeError("an element is null");
      else if (repetition[i] !== 0) throw new RangeError("a list goes on and is empty");
    }
    decodePageInto(values.subarray(first, entry), page, leaf, dictionary);
  }
  if (row !== rows) throw new RangeError(`there are ${row} rows instead of ${rows}`);
  offsets[rows] = entry;
  return entry;
}

/** Decodes a column of single numbers; NaN where a row has none. */
export function decodeNumbersInto(out: Float64Array, bytes: Uint8Array, chunk: Chunk): void {
  const { leaf } = chunk;
  let row = 0, dictionary: ArrayLike<number> | undefined;
  for (const page of pages(bytes, chunk)) {
    if (page.kind === "dictionary") {
      dictionary = plainNumbers(page.body, leaf, page.values);
      continue;
    }
    const levels = levelsOf(page, leaf);
    const part = out.subarray(row, row += page.values);
    decodePageInto(part.subarray(0, countPresent(levels, leaf)), page, leaf, dictionary);
    spreadInto(part, levels, leaf, NaN);
  }
}

/**
 * Decodes a column of strings as codes; -1 where a row has none.
 *
 * @param codeOf The code of a string; throws where it has none.
 */
export function decodeCodesInto(
  out: Int32Array,
  bytes: Uint8Array,
  chunk: Chunk,
  codeOf: (text: string) => number,
): void {
  let row = 0, dictionary: number[] | undefined;
  for (const page of pages(bytes, chunk)) {
    if (page.kind === "dictionary") {
      dictionary = plainStrings(page.body, page.values).map(codeOf);
      continue;
    }
    const levels = levelsOf(page, chunk.leaf);
    const part = out.subarray(row, row += page.values);
    const present = countPresent(levels, chunk.leaf);
    if (page.encoding === "PLAIN") part.set(plainStrings(page.body, present).map(codeOf));
    else lookUpInto(part.subarray(0, present), page, dictionary);
    spreadInto(part, levels, chunk.leaf, -1);
  }
}

/** The pages of a chunk; throws when their values are not as many as the footer says. */
function* pages(bytes: Uint8Array, chunk: Chunk): Generator<Page> {
  let seen = 0;
  for (const page of pagesOf(bytes, chunk)) {
    if (page.kind === "data") seen += page.values;
    if (!(page.values >= 0 && seen <= chunk.values)) break;
    yield page;
  }
  if (seen !== chunk.values) {
    throw new RangeError(`there are ${seen} values instead of ${chunk.values}`);
  }
}

/** Moves values that were decoded end to end to the rows that have one, from the last to the first. */
function spreadInto(
  out: Float64Array | Int32Array,
  levels: Levels,
  leaf: Leaf,
  missing: number,
): void {
  for (let row = out.length - 1, value = countPresent(levels, leaf); row >= 0; row--) {
    out[row] = levels.definition[row] === leaf.defined ? out[--value] : missing;
  }
}
