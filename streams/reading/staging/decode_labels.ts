/**
 * Columns that describe cells to codes, be they texts or integers.
 *
 * @module
 */

import {
  type CodeTarget,
  decodeCodesInto,
  decodeNumbersInto,
} from "../../parquet/decode_single.ts";
import type { Piece } from "../../parquet/piece.ts";

/** Appends the codes of a piece; throws a RangeError where it is damaged, or has no such category. */
export function decodeLabelsInto(
  target: CodeTarget,
  piece: Piece,
  parts: readonly Uint8Array[],
): void {
  if (piece.chunk.leaf.type === "BYTE_ARRAY") return decodeCodesInto(target, piece, parts);
  const numbers = new Float64Array(piece.rows);
  decodeNumbersInto({ numbers, row: 0 }, piece, parts);
  appendNumberCodes(target, numbers);
}

/** Appends the codes of numbers, NaN for none. */
export function appendNumberCodes(target: CodeTarget, numbers: Float64Array): void {
  const known = new Map<number, number>([[NaN, -1]]);
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row];
    let code = known.get(number);
    if (code === undefined) known.set(number, code = target.codeOf(String(number)));
    target.codes[target.row++] = code;
  }
}
