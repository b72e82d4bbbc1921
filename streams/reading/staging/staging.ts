/**
 * Where the cells of a window lie between the files and the batches; kept from window to window.
 *
 * @module
 */

import type { Span } from "../read_plan.ts";
import { type Allotment, takeBytes } from "./allotment.ts";

/** The rows of a window, in the order of its spans; grows, and never shrinks. */
export interface Staging {
  /** Row in the atlas. */
  cells: Uint32Array<ArrayBuffer>;
  /** Row `i` owns entries `offsets[i]` up to `offsets[i + 1]`. */
  offsets: Uint32Array<ArrayBuffer>;
  /** Short where the vocabulary allows it, which saves memory and time. */
  genes: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  values: Float32Array<ArrayBuffer>;
  /** Where the lists of values begin, until they are held against `offsets`. */
  others: Uint32Array<ArrayBuffer>;
  /** Codes, column by column. */
  readonly codes: Int32Array<ArrayBuffer>[];
  /** 1 at each row that could not be read. */
  lost: Uint8Array<ArrayBuffer>;
  readonly allotment: Allotment;
}

/** Makes an empty staging area for gene ids of 16 bits or of 32, with so many columns of codes. */
export function makeStaging(
  genes: "short" | "long",
  columns: number,
  allotment: Allotment,
): Staging {
  return {
    cells: new Uint32Array(0),
    offsets: new Uint32Array(0),
    genes: genes === "short" ? new Uint16Array(0) : new Uint32Array(0),
    values: new Float32Array(0),
    others: new Uint32Array(0),
    codes: Array.from({ length: columns }, () => new Int32Array(0)),
    lost: new Uint8Array(0),
    allotment,
  };
}

/** Begins a window: makes room for the rows of its spans, and notes which they are. */
export function beginWindow(staging: Staging, spans: readonly Span[]): void {
  const { allotment, codes } = staging;
  const rows = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  staging.cells = grown(allotment, staging.cells, rows);
  staging.offsets = grown(allotment, staging.offsets, rows + 1);
  staging.others = grown(allotment, staging.others, rows + 1);
  staging.lost = grown(allotment, staging.lost, rows);
  codes.forEach((column, c) => codes[c] = grown(allotment, column, rows));
  staging.lost.fill(0);
  let row = 0;
  for (const { from, to } of spans) {
    for (let cell = from; cell < to; cell++) staging.cells[row++] = cell;
  }
}

/** Makes room for so many entries, and some more where memory allows it; those that are there stay. */
export function reserveEntries(staging: Staging, entries: number): void {
  if (entries <= staging.values.length) return;
  const { allotment } = staging, more = Math.ceil(staging.values.length * 1.25);
  const bytes = more * (staging.genes.BYTES_PER_ELEMENT + staging.values.BYTES_PER_ELEMENT);
  const room = Math.max(entries, allotment.used + bytes <= allotment.bytes ? more : 0);
  staging.genes = grown<Staging["genes"]>(allotment, staging.genes, room);
  staging.values = grown(allotment, staging.values, room);
}

/** Frees all memory at once; the staging area is of no use afterwards. */
export function freeStaging({ cells, offsets, genes, values, others, codes, lost }: Staging): void {
  for (const { buffer } of [cells, offsets, genes, values, others, ...codes, lost]) {
    buffer.transfer(0);
  }
}

interface Growable {
  readonly buffer: ArrayBuffer;
  readonly length: number;
  readonly BYTES_PER_ELEMENT: number;
}

/** The array, or a longer one with its content in place of it. */
function grown<A extends Growable>(allotment: Allotment, array: A, length: number): A {
  if (length <= array.length) return array;
  const bytes = length * array.BYTES_PER_ELEMENT;
  takeBytes(allotment, bytes - array.length * array.BYTES_PER_ELEMENT);
  const Kind = array.constructor as new (from: ArrayBuffer, at: number, length: number) => A;
  return new Kind(withRoom(array.buffer, bytes), 0, length);
}

/**
 * Large arrays get so many bytes, the rest of them never touched: what is as large as this, C libraries
 * take from the system and give back to it, while smaller ones leave holes in the heaps of threads that
 * have ended.
 */
const MAPPED = 33 * 2 ** 20, LARGE = 2 ** 24;

/** The buffer with room for so many bytes. Fresh memory is zero without being touched. */
function withRoom(buffer: ArrayBuffer, bytes: number): ArrayBuffer {
  if (bytes <= buffer.byteLength) return buffer;
  const roomy = new ArrayBuffer(bytes < LARGE ? bytes : Math.max(bytes, MAPPED));
  new Uint8Array(roomy).set(new Uint8Array(buffer));
  buffer.transfer(0);
  return roomy;
}
