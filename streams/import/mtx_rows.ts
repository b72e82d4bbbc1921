/**
 * The coordinate lines of a Matrix Market file, cell by cell.
 *
 * @module
 */

import type { Rows } from "./count_matrix.ts";
import type { MtxHead } from "./mtx_head.ts";
import { rowBuilder } from "./row_builder.ts";
import { bytesOf } from "./text.ts";
import { unreadable } from "./unreadable.ts";

/** What is read, and how. */
export interface MtxRequest {
  readonly head: MtxHead;
  /** Which coordinate numbers the cells: 10x writes genes × cells, so the second, 1. */
  readonly cellAt: 0 | 1;
  /** Cells in a batch at most. */
  readonly batch: number;
}

/**
 * The cells in order, empty ones included. Lines must come cell by cell, as 10x writes them; genes
 * may come in any order within a cell. Throws an `InputError` for anything else.
 */
export async function* mtxRows({ head, cellAt, batch }: MtxRequest): AsyncGenerator<Rows> {
  const cells = head.size[cellAt], genes = head.size[1 - cellAt];
  const builder = rowBuilder(batch), entry = new Float64Array(3);
  let entries = 0;
  for await (const block of wholeLines(head)) {
    for (let from = 0, to; from < block.length; from = to + 1) {
      to = from;
      while (block[to] !== NEWLINE) to++;
      if (!fillEntry(entry, block, from, to)) continue;
      entries++;
      const cell = entry[cellAt] - 1, gene = entry[1 - cellAt] - 1;
      if (!(cell >= 0 && cell < cells && gene >= 0 && gene < genes && entry[2] === entry[2])) {
        const line = new TextDecoder("latin1").decode(
          block.subarray(from, Math.min(to, from + 60)),
        );
        throw unreadable(
          head.path,
          `entry ${entries} is "${line}", outside its ${head.size.join(" × ")} values`,
        );
      }
      if (cell < builder.next - 1) throw unsorted(head, entries, cell, builder.next - 1, cellAt);
      for (; builder.next <= cell; builder.open()) if (builder.full) yield builder.take();
      builder.add(gene, entry[2]);
    }
  }
  if (entries !== head.entries) {
    const found = `${entries} of the ${head.entries} entries that it announces are there`;
    throw unreadable(head.path, `it is truncated or damaged: ${found}`);
  }
  for (; builder.next < cells; builder.open()) if (builder.full) yield builder.take();
  yield builder.take();
}

const NEWLINE = 10, SPACE = 32, ZERO = 48, NINE = 57;

/** The entries in blocks of whole lines. */
async function* wholeLines(head: MtxHead): AsyncGenerator<Uint8Array> {
  let skip = head.bytes, rest = new Uint8Array(0);
  for await (const bytes of bytesOf(head.path)) {
    const fresh = bytes.subarray(Math.min(skip, bytes.length));
    skip -= bytes.length - fresh.length;
    const end = fresh.lastIndexOf(NEWLINE) + 1;
    if (end > 0) yield joined(rest, fresh.subarray(0, end));
    rest = joined(end > 0 ? new Uint8Array(0) : rest, fresh.subarray(end));
  }
  if (rest.length > 0) yield joined(rest, Uint8Array.of(NEWLINE));
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

/**
 * Fills `entry` with the three numbers between `from` and `to`, NaN for what is no number.
 * Returns whether there was anything but space and comments.
 */
function fillEntry(entry: Float64Array, block: Uint8Array, from: number, to: number): boolean {
  let at = from;
  for (let field = 0; field < 3; field++) {
    while (at < to && block[at] <= SPACE) at++;
    if (field === 0 && (at === to || block[at] === 37 /* % */)) return false;
    const start = at;
    let number = 0;
    while (at < to && block[at] >= ZERO && block[at] <= NINE) {
      number = 10 * number + block[at++] - ZERO;
    }
    if (at < to && block[at] > SPACE) {
      while (at < to && block[at] > SPACE) at++;
      number = Number(String.fromCharCode(...block.subarray(start, Math.min(at, start + 40))));
    }
    entry[field] = at === start ? NaN : number;
  }
  return true;
}

function unsorted(head: MtxHead, entry: number, cell: number, last: number, cellAt: 0 | 1) {
  const number = cellAt === 1 ? "second" : "first";
  return unreadable(
    head.path,
    `entry ${entry} belongs to cell ${cell + 1} but comes after cell ${
      last + 1
    }; sort its lines by the ${number} number, which counts the cells`,
  );
}
