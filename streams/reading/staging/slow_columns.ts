/**
 * Columns that our decoder does not know, as parquet-wasm reads them.
 *
 * @module
 */

import { type ListTarget, roomFor } from "../../parquet/decode_piece.ts";
import type { CodeTarget, NumberTarget } from "../../parquet/decode_single.ts";
import { moveInto } from "../../parquet/plain.ts";
import type { SlowColumn } from "../../parquet/slow_column.ts";
import { appendNumberCodes } from "./decode_labels.ts";

/** Entries of a column of lists. */
export const slowEntries = (column: SlowColumn): number => lists(column).values.length;

/** Appends lists, as `decodePieceInto` does. */
export function appendLists(target: ListTarget, column: SlowColumn): void {
  const { offsets, values } = lists(column), { row, entry } = target;
  for (let i = 0; i < offsets.length; i++) target.offsets[row + i] = entry + offsets[i];
  moveInto(roomFor(target, entry, values.length), values);
  target.row += offsets.length - 1;
  target.entry += values.length;
}

/** Appends codes, as `decodeCodesInto` does. */
export function appendCodes(target: CodeTarget, column: SlowColumn): void {
  if (column.kind === "numbers") return appendNumberCodes(target, column.values);
  if (column.kind !== "texts") throw new RangeError("it holds no labels");
  const known = column.texts.map(target.codeOf);
  for (const code of column.codes) target.codes[target.row++] = code < 0 ? -1 : known[code];
}

/** Appends numbers, as `decodeNumbersInto` does. */
export function appendNumbers(target: NumberTarget, column: SlowColumn): void {
  if (column.kind !== "numbers") throw new RangeError("it holds no numbers");
  target.numbers.set(column.values, target.row);
  target.row += column.values.length;
}

function lists(column: SlowColumn) {
  if (column.kind === "lists") return column;
  throw new RangeError("it holds no lists");
}
