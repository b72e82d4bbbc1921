/**
 * The coordinate lines of a Matrix Market file.
 *
 * @module
 */

import type { MtxHead } from "./mtx_head.ts";
import type { Entries, EntryBlock } from "./passes.ts";
import { bytesOf } from "./text.ts";
import { unreadable } from "./unreadable.ts";

/** A file, and which coordinate numbers the cells: 10x writes genes × cells, so the second, 1. */
export interface MtxMatrix {
  readonly head: MtxHead;
  readonly cellAt: 0 | 1;
}

/** The matrix as entries, in the order of the lines. */
export function entriesOf(matrix: MtxMatrix): Entries {
  const blocks = () => mtxEntries(matrix);
  return { cells: matrix.head.size[matrix.cellAt], places: blocks, blocks };
}

/**
 * Whether the lines come cell by cell, as 10x writes them, judged by the first coordinate that is
 * smaller than the one before: a file that goes gene by gene steps back to an earlier cell first.
 */
export async function comesByCell(matrix: MtxMatrix): Promise<boolean> {
  let cell = -1, gene = -1;
  for await (const { length, cells, genes } of mtxEntries(matrix)) {
    for (let i = 0; i < length; i++) {
      if (cells[i] < cell) return false;
      if (genes[i] < gene) return true;
      cell = cells[i];
      gene = genes[i];
    }
  }
  return true;
}

/** Entries in a block. */
const BLOCK = 2 ** 14;

/**
 * Every entry, in blocks that the next one overwrites. Throws an `InputError` where a line is none,
 * lies outside the matrix, or where there are not as many as the head announces.
 */
export async function* mtxEntries({ head, cellAt }: MtxMatrix): AsyncGenerator<EntryBlock> {
  const size = head.size, entry = new Float64Array(3);
  const cells = new Uint32Array(BLOCK), genes = new Uint32Array(BLOCK);
  const values = new Float64Array(BLOCK);
  let before = 0, length = 0;
  for await (const block of wholeLines(head)) {
    for (let from = 0, to; from < block.length; from = to + 1) {
      to = from;
      while (block[to] !== NEWLINE) to++;
      if (!fillEntry(entry, block, from, to)) continue;
      if (!(isPlace(entry[0], size[0]) && isPlace(entry[1], size[1]) && entry[2] === entry[2])) {
        const line = new TextDecoder("latin1").decode(
          block.subarray(from, Math.min(to, from + 60)),
        );
        throw unreadable(
          head.path,
          `entry ${before + length + 1} is "${line}", outside its ${size.join(" × ")} values`,
        );
      }
      cells[length] = entry[cellAt] - 1;
      genes[length] = entry[1 - cellAt] - 1;
      values[length++] = entry[2];
      if (length < BLOCK) continue;
      yield { length, cells, genes, values };
      before += length;
      length = 0;
    }
  }
  if (before + length !== head.entries) {
    const found = `${before + length} of the ${head.entries} entries that it announces are there`;
    throw unreadable(head.path, `it is truncated or damaged: ${found}`);
  }
  if (length > 0) yield { length, cells, genes, values };
}

const isPlace = (place: number, size: number): boolean =>
  place >= 1 && place <= size && Number.isInteger(place);

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
