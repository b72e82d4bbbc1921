/**
 * A column of single values in one row group, whoever wrote it and however.
 *
 * @module
 */

import { isFast } from "../chunk.ts";
import { decodeCodesInto, decodeNumbersInto } from "../decode_single.ts";
import { planPiece } from "../piece.ts";
import type { SlowColumn, SlowReader } from "../slow_column.ts";
import type { TableColumn } from "../table.ts";

/** A number or a text in each row. */
export type Singles = Exclude<SlowColumn, { readonly kind: "lists" }>;

/**
 * All rows of a row group, of which there are `rows`; `slow` gives what reads the column where our
 * decoder cannot. Damage, and what no reader knows, is a RangeError.
 */
export async function readSingles(
  column: TableColumn,
  { group, rows }: { readonly group: number; readonly rows: number },
  slow: () => Promise<SlowReader>,
): Promise<Singles> {
  const all = { from: 0, to: rows }, piece = planPiece(column, group, all), { leaf } = piece.chunk;
  if (!isFast(piece.chunk)) {
    const found = await (await slow()).read(leaf.path[0], group, all);
    if (found.kind !== "lists") return found;
    throw new RangeError(`column "${leaf.path[0]}" holds lists`);
  }
  const parts = await Promise.all(piece.ranges.map(async ({ from, to }) => {
    const bytes = new Uint8Array(to - from);
    await column.bytes.read(bytes, from);
    return bytes;
  }));
  if (leaf.type !== "BYTE_ARRAY") {
    const values = new Float64Array(rows);
    decodeNumbersInto({ numbers: values, row: 0 }, piece, parts);
    return { kind: "numbers", values };
  }
  const known = new Map<string, number>(), codes = new Int32Array(rows);
  const codeOf = (text: string) => {
    const code = known.get(text) ?? known.size;
    known.set(text, code);
    return code;
  };
  decodeCodesInto({ codes, row: 0, codeOf }, piece, parts);
  return { kind: "texts", codes, texts: [...known.keys()] };
}
