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
import { decodeValuesInto, dictionaryLike } from "./values.ts";

/** Where lists go: row `i` owns `values[offsets[i]]` up to `values[offsets[i + 1]]`. */
export interface ListTarget {
  readonly offsets: Uint32Array;
  /** Rows that are there; the next list becomes this row. Moved on. */
  row: number;
  /** An array of integers refuses what it cannot hold; one of floats rounds it. */
  readonly values: Numbers;
  /** Entries that are there; the next value comes here. Moved on. */
  entry: number;
  /** Where to note what is found in the values that are appended. */
  readonly findings?: Findings;
}

// Decoding is synchronous and never nested, so one array serves all pieces.
let starts = new Uint32Array(2 ** 10);

/**
 * How much room `decodePieceInto` needs in `values` behind `entry`: the entries of the pages, those of
 * rows that are dropped counted. Looks at the headers of the pages alone.
 */
export function entriesIn(piece: Piece, parts: readonly Uint8Array[]): number {
  return valuesIn(parts, piece.chunk);
}

/**
 * Appends the lists of a piece to the target, which has room for `piece.rows` rows and `entriesIn`
 * entries; writes `offsets[row] … offsets[row + piece.rows]`. A null list reads as an empty one, a null
 * element is refused. Returns the number of entries appended.
 *
 * @param parts The bytes of `piece.ranges`, in their order.
 */
export function decodePieceInto(
  target: ListTarget,
  piece: Piece,
  parts: readonly Uint8Array[],
): number {
  const { rows, skip, stored } = piece, { offsets, values, row, entry, findings } = target;
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
  if (dropped > 0) values.copyWithin(entry, entry + dropped, entry + dropped + entries);
  // What was found may have been found in rows that are dropped.
  if (findings && entries < decoded) findings.count = NaN;
  target.row += rows;
  target.entry += entries;
  return entries;
}

/** Decodes all values of all pages to the end of the target; returns how many there are. */
function decodePages(
  { values, entry, findings }: ListTarget,
  { chunk, whole }: Piece,
  { parts, found }: { readonly parts: readonly Uint8Array[]; readonly found: Starts },
): number {
  const { leaf } = chunk, room = values.length - entry;
  let dictionary: Numbers | undefined, decoded = 0, seen = 0;
  for (const page of pagesOf(parts, chunk)) {
    if (page.kind === "dictionary") {
      dictionary = dictionaryLike(values, page, leaf);
      continue;
    }
    const count = addStarts(found, page, leaf, decoded);
    if (count > room - decoded) throw new RangeError(`there is no room for ${count} entries`);
    const part = values.subarray(entry + decoded, entry + decoded + count);
    decodeValuesInto(part, page, { leaf, dictionary, findings });
    const isJoined = decoded > 0 && count > 0;
    if (findings?.of === "falls" && isJoined && part[0] <= values[entry + decoded - 1]) {
      findings.count++;
    }
    decoded += count;
    seen += page.values;
  }
  if (whole ? seen !== chunk.values : seen > chunk.values) {
    throw new RangeError(`there are ${seen} values instead of ${chunk.values}`);
  }
  return decoded;
}
