/**
 * Pieces of lists, read from a file, to typed arrays. Damage is a RangeError that says what is wrong.
 *
 * @module
 */

import type { Findings } from "./findings.ts";
import { addStarts, type Starts } from "./levels.ts";
import { pagesOf, valuesIn } from "./pages.ts";
import type { Piece } from "./piece.ts";
import type { Numbers } from "./plain.ts";
import { canSkip, decodeValuesInto, dictionaryLike } from "./values.ts";

/** Where lists go: row `i` owns `values[offsets[i]]` up to `values[offsets[i + 1]]`. */
export interface ListTarget {
  readonly offsets: Uint32Array;
  /** Rows that are there; the next list becomes this row. Moved on. */
  row: number;
  /** An array of integers refuses what it cannot hold; one of floats rounds it. */
  values: Numbers;
  /** An array for so many values, with those that are there, in place of `values`; else it is full. */
  readonly reserve?: (values: number) => Numbers;
  /** Entries that are there; the next value comes here. Moved on. */
  entry: number;
  /** Where to note what is found in the values that are appended. */
  readonly findings?: Findings;
}

// Decoding is synchronous and never nested, so one array serves all pieces.
let starts = new Uint32Array(2 ** 10);

/**
 * How much room `decodePieceInto` needs at most in `values` behind `entry`: the entries of the pages,
 * those of rows that are dropped counted. Looks at the headers of the pages alone.
 */
export function entriesIn(piece: Piece, parts: readonly Uint8Array[]): number {
  return valuesIn(parts, piece.chunk);
}

/**
 * Appends the lists of a piece to the target, which has room for `piece.rows` rows, and for `entriesIn`
 * entries or makes it; writes `offsets[row] … offsets[row + piece.rows]`. A null list reads as an empty one, a null
 * element is refused. Returns the number of entries appended.
 *
 * @param parts The bytes of `piece.ranges`, in their order.
 */
export function decodePieceInto(
  target: ListTarget,
  piece: Piece,
  parts: readonly Uint8Array[],
): number {
  const { rows, skip, stored } = piece, { offsets, row, entry, findings } = target;
  if (row + rows >= offsets.length) throw new RangeError(`there is no room for ${rows} rows`);
  if (starts.length <= stored) starts = new Uint32Array(2 * stored);
  const found: Starts = { entries: starts.subarray(0, stored), row: 0 };
  if (findings) findings.count = 0;
  const decoded = decodePages(target, piece, { parts, found });
  if (!piece.inside && decoded > 0 && (found.row === 0 || starts[0] !== 0)) {
    throw new RangeError("the first list has no beginning");
  }
  if (found.row !== stored) {
    throw new RangeError(`there are ${found.row} rows instead of ${stored}`);
  }
  starts[stored] = decoded;
  const dropped = rows === 0 ? 0 : starts[skip];
  for (let i = 0; i <= rows; i++) offsets[row + i] = entry + starts[skip + i] - dropped;
  const entries = offsets[row + rows] - entry;
  target.row += rows;
  target.entry += entries;
  return entries;
}

/**
 * Decodes what the pages have of the rows that are wanted to the end of the target; returns how many
 * entries there are in all rows.
 */
function decodePages(
  target: ListTarget,
  { chunk, whole, skip, rows }: Piece,
  { parts, found }: { readonly parts: readonly Uint8Array[]; readonly found: Starts },
): number {
  const { leaf } = chunk, { findings } = target;
  let dictionary: Numbers | undefined, decoded = 0, seen = 0;
  for (const page of pagesOf(parts, chunk)) {
    if (page.kind === "dictionary") {
      dictionary = dictionaryLike(target.values, page, leaf);
      continue;
    }
    const all = addStarts(found, page, leaf, decoded), end = decoded + all;
    // Where the rows that are wanted begin and end, as far as is known by now.
    const first = found.row > skip ? found.entries[skip] : end;
    const last = found.row > skip + rows ? found.entries[skip + rows] : end;
    const from = Math.max(first, decoded), to = Math.min(last, end);
    if (from < to) {
      const isWhole = to - from === all, before = from - decoded, at = target.entry + from - first;
      const alone = isWhole || canSkip(page, leaf),
        part = roomFor(target, at, alone ? to - from : all);
      const reading = { leaf, dictionary, findings, skip: alone ? before : 0 };
      decodeValuesInto(part, page, reading);
      if (!alone) part.copyWithin(0, before, to - decoded);
      // What was found may have been found in rows that are dropped.
      if (findings && !isWhole) findings.count = NaN;
      if (findings?.of === "falls" && from > first && part[0] <= target.values[at - 1]) {
        findings.count++;
      }
    }
    decoded = end;
    seen += page.values;
  }
  if (whole ? seen !== chunk.values : seen > chunk.values) {
    throw new RangeError(`there are ${seen} values instead of ${chunk.values}`);
  }
  return decoded;
}

/** `count` values of the target from `at` on, made longer where it has to be; a RangeError where it is full. */
export function roomFor(target: ListTarget, at: number, count: number): Numbers {
  if (at + count > target.values.length) {
    const longer = target.reserve?.(at + count);
    if (!longer) throw new RangeError(`there is no room for ${count} entries`);
    target.values = longer;
  }
  return target.values.subarray(at, at + count);
}
