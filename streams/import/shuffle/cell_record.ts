/**
 * A cell as it waits on the disk for its place: a record of 32-bit words.
 *
 * Its place, its entries, its codes, its numbers, its genes and its values. Genes and values take 16
 * bits each where they fit, else 32.
 *
 * @module
 */

import type { Values } from "../count_matrix.ts";

/** What all records of one import have in common. */
export interface RecordShape {
  /** Size of the vocabulary. */
  readonly genes: number;
  /** Columns of categories. */
  readonly columns: number;
  /** Columns of numbers. */
  readonly numbers: number;
}

/** Cells that become records. */
export interface RecordRows {
  readonly offsets: Uint32Array;
  readonly genes: Uint32Array;
  readonly values: Values;
  /** Codes column by column. */
  readonly codes: readonly Int32Array[];
  /** Numbers column by column. */
  readonly numbers: readonly Float64Array[];
}

/** Memory for records, seen as what they are made of. */
export interface Arena {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly halves: Uint16Array;
  readonly floats: Float32Array;
  readonly bytes: Uint8Array;
}

/** Where the parts of a record lie in its arena, in words; `fillParts` sets them. */
export interface RecordParts {
  entries: number;
  /** Whether values are 32-bit floats. */
  wide: boolean;
  codes: number;
  numbers: number;
  genes: number;
  values: number;
  end: number;
}

/** An arena of so many words. */
export function arenaOf(words: number): Arena {
  const buffer = new ArrayBuffer(4 * words);
  return {
    words: new Uint32Array(buffer),
    halves: new Uint16Array(buffer),
    floats: new Float32Array(buffer),
    bytes: new Uint8Array(buffer),
  };
}

/** Whether gene ids take 32 bits. */
export const hasWideGenes = ({ genes }: RecordShape): boolean => genes > 2 ** 16;

/** The words of a record of so many entries, at most. */
export const mostWords = (shape: RecordShape, entries: number): number =>
  headWords(shape) + (hasWideGenes(shape) ? entries : half(entries)) + entries;

/** The words of a record of so many entries whose values take 16 bits, as most do. */
export const usualWords = (shape: RecordShape, entries: number): number =>
  headWords(shape) + (hasWideGenes(shape) ? entries : half(entries)) + half(entries);

/** Place and entries. */
const HEAD = 2;
/** Set in the number of entries where values take 32 bits. */
const WIDE = 2 ** 31;
const headWords = ({ columns, numbers }: RecordShape): number => HEAD + columns + 2 * numbers;
const half = (count: number): number => (count + 1) >>> 1;

const number = new Float64Array(1), numberWords = new Uint32Array(number.buffer);

/** Writes cell `i` into the arena at word `at`; returns the word behind it. */
export function fillRecord(
  { words, halves, floats }: Arena,
  at: number,
  cell: { readonly shape: RecordShape; readonly rows: RecordRows; i: number; place: number },
): number {
  const { shape, rows: { offsets, genes, values, codes, numbers }, i } = cell;
  const first = offsets[i], entries = offsets[i + 1] - first;
  words[at++] = cell.place;
  const head = at++;
  for (let c = 0; c < codes.length; c++) words[at++] = codes[c][i];
  for (let c = 0; c < numbers.length; c++) {
    number[0] = numbers[c][i];
    words[at++] = numberWords[0];
    words[at++] = numberWords[1];
  }
  if (hasWideGenes(shape)) { for (let e = 0; e < entries; e++) words[at++] = genes[first + e]; }
  else {
    for (let e = 0, to = 2 * at; e < entries; e++) halves[to + e] = genes[first + e];
    at += half(entries);
  }
  // Bits that do not fit into 16, or 1 where a value is not whole.
  let rest = 0;
  for (let e = 0, to = 2 * at; e < entries; e++) {
    const value = values[first + e], whole = value | 0;
    halves[to + e] = whole;
    rest |= whole >>> 16;
    if (whole !== value) rest = 1;
  }
  words[head] = rest === 0 ? entries : entries + WIDE;
  if (rest === 0) return at + half(entries);
  for (let e = 0; e < entries; e++) floats[at + e] = values[first + e];
  return at + entries;
}

/** Finds the parts of the record at word `at`. */
export function fillParts(
  parts: RecordParts,
  words: Uint32Array,
  shape: RecordShape,
  at: number,
): RecordParts {
  const said = words[at + 1], entries = said >= WIDE ? said - WIDE : said;
  parts.entries = entries;
  parts.wide = said >= WIDE;
  parts.codes = at + HEAD;
  parts.numbers = parts.codes + shape.columns;
  parts.genes = parts.numbers + 2 * shape.numbers;
  parts.values = parts.genes + (hasWideGenes(shape) ? entries : half(entries));
  parts.end = parts.values + (parts.wide ? entries : half(entries));
  return parts;
}

/** Parts that nothing is known of. */
export const noParts = (): RecordParts => ({
  ...{ entries: 0, wide: false, codes: 0, numbers: 0, genes: 0, values: 0, end: 0 },
});

/** The number at word `at`. */
export function numberAt(words: Uint32Array, at: number): number {
  numberWords[0] = words[at];
  numberWords[1] = words[at + 1];
  return number[0];
}
