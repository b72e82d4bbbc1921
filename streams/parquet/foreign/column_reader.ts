/**
 * Rows of the columns of one file, whoever wrote it and however.
 *
 * @module
 */

import { isFast } from "../chunk.ts";
import { decodePieceInto, entriesIn } from "../decode_piece.ts";
import { decodeCodesInto, decodeNumbersInto } from "../decode_single.ts";
import { type Piece, planPiece, type Rows } from "../piece.ts";
import { type SlowColumn, type SlowNumbers, slowReader } from "../slow_column.ts";
import type { ParquetTable, TableColumn } from "../table.ts";

/** Lists of numbers: row `i` owns `values[offsets[i]]` up to `values[offsets[i + 1]]`. */
export type Lists = Extract<SlowColumn, { readonly kind: "lists" }>;
/** A number or a text in each row. */
export type Singles = Exclude<SlowColumn, Lists>;

/** Reads columns; asked for one thing at a time. */
export interface ColumnReader {
  /** Some rows of a column of lists; overwritten when the same column is read again. */
  lists(column: TableColumn, group: number, rows: Rows): Promise<Lists>;
  singles(column: TableColumn, group: number, rows: Rows): Promise<Singles>;
  /** Ends whatever reads slowly. */
  close(): void;
}

/** Entries of some rows at most: an honest file has fewer, and a small one may claim any number. */
const MOST = 2 ** 25;

/** A reader of the columns of a table; damage, and what no reader knows, is a RangeError. */
export function columnReader({ bytes }: ParquetTable): ColumnReader {
  const slow = slowReader(bytes), kept = new Map<string, SlowNumbers>();
  let memory = new Uint8Array(0);

  async function partsOf({ ranges }: Piece): Promise<Uint8Array[]> {
    const sizes = ranges.map(({ from, to }) => to - from);
    const whole = sizes.reduce((sum, size) => sum + size, 0);
    if (memory.length < whole) memory = new Uint8Array(Math.ceil(1.25 * whole));
    const parts: Uint8Array[] = [];
    for (const [i, { from }] of ranges.entries()) {
      const at = i === 0 ? 0 : sizes[0];
      parts.push(memory.subarray(at, at + sizes[i]));
      await bytes.read(parts[i], from);
    }
    return parts;
  }
  async function slowly(column: TableColumn, group: number, rows: Rows): Promise<SlowColumn> {
    const found = await slow.read(column.leaf.path[0], group, rows);
    const { length } = found.kind === "numbers"
      ? found.values
      : found.kind === "texts"
      ? found.codes
      : found.offsets.subarray(1);
    if (length === rows.to - rows.from) return found;
    throw new RangeError(`there are ${length} of ${rows.to - rows.from} rows`);
  }

  return {
    async lists(column, group, rows) {
      const piece = planPiece(column, group, rows), name = column.leaf.path[0];
      if (!column.leaf.lists) throw new RangeError(`column "${name}" holds no lists`);
      if (!isFast(piece.chunk)) {
        const found = await slowly(column, group, rows);
        if (found.kind === "lists") return found;
        throw new RangeError(`column "${name}" holds no lists`);
      }
      const parts = await partsOf(piece), room = entriesIn(piece, parts);
      if (room > MOST) throw new RangeError(`${room} entries are too many to be held together`);
      let values = kept.get(name);
      if (!values || values.length < room) {
        kept.set(name, values = roomFor(column, Math.ceil(1.25 * room)));
      }
      const offsets = new Uint32Array(piece.rows + 1);
      const entries = decodePieceInto({ offsets, row: 0, values, entry: 0 }, piece, parts);
      return { kind: "lists", offsets, values: values.subarray(0, entries) };
    },
    async singles(column, group, rows) {
      const piece = planPiece(column, group, rows), { leaf } = piece.chunk;
      if (leaf.lists) throw new RangeError(`column "${leaf.path[0]}" holds lists`);
      if (!isFast(piece.chunk)) {
        const found = await slowly(column, group, rows);
        if (found.kind !== "lists") return found;
        throw new RangeError(`column "${leaf.path[0]}" holds lists`);
      }
      const parts = await partsOf(piece);
      if (leaf.type !== "BYTE_ARRAY") {
        const values = new Float64Array(piece.rows);
        decodeNumbersInto({ numbers: values, row: 0 }, piece, parts);
        return { kind: "numbers", values };
      }
      const known = new Map<string, number>(), codes = new Int32Array(piece.rows);
      const codeOf = (text: string) => {
        const code = known.get(text) ?? known.size;
        known.set(text, code);
        return code;
      };
      decodeCodesInto({ codes, row: 0, codeOf }, piece, parts);

      return { kind: "texts", codes, texts: [...known.keys()] };
    },
    close: slow.close,
  };
}

/** Room in the type that holds every value of the column. */
function roomFor({ leaf }: TableColumn, length: number): SlowNumbers {
  if (leaf.type === "FLOAT") return new Float32Array(length);
  return leaf.type === "INT32" && leaf.unsigned
    ? new Uint32Array(length)
    : new Float64Array(length);
}
