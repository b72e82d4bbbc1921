/**
 * How an import divides its memory: a plan, before anything is read.
 *
 * @module
 */

import { ExperimentError } from "../../../core/errors.ts";
import { bytesInWords } from "../../../core/report/amount_of_memory.ts";
import { mostWords, type RecordShape, usualWords } from "./cell_record.ts";

/** What there is to divide it for. */
export interface RoomRequest {
  readonly shape: RecordShape;
  readonly cells: number;
  /** Entries of all cells, where that is known. */
  readonly entries: number | undefined;
  /** Bytes that the whole process may take. */
  readonly memory: number;
}

/** Who gets how much; all in words of four bytes. */
export interface Room {
  /** Groups of neighbouring places that are collected apart. */
  readonly buckets: number;
  /** Places in a bucket; the last one may have fewer. */
  readonly places: number;
  /** What is collected of a bucket before it is written. */
  readonly slot: number;
  /** Cells that are put in order together. */
  readonly loaded: number;
  /** All records together, as far as can be told; 0 where nobody knows. */
  readonly records: number;
}

/** Bytes that the program, the readers of files and the encoders take, whatever is imported. */
const PROGRAM = 432e6;
/** Bytes that readers keep of every cell: where it begins. */
const BORDER = 8;
/** The least that is left for cells. */
const LEAST = 16e6;
/** The smallest and the largest slot that is worth a write, in words. */
const SLOT = { least: 2 ** 10, most: 2 ** 18 };
/** Entries that a cell has where nobody knows. */
const ENTRIES = 2000;

/** Bytes that a reader may hold of a matrix that is not stored cell by cell: what slots leave. */
export const readerMemory = (memory: number): number =>
  Math.floor(Math.max(LEAST, memory - PROGRAM) * 3 / 4);

/**
 * Divides the memory. One bucket fits into half of what is left for cells, with a quarter to spare;
 * should a bucket turn out larger, it is read in parts. Throws where nothing is left.
 */
export function planRoom({ shape, cells, entries, memory }: RoomRequest): Room {
  if (!(memory >= PROGRAM + LEAST)) {
    throw new ExperimentError({
      message: `Cannot import with ${bytesInWords(memory)} of memory: the least that will do is ${
        bytesInWords(PROGRAM + LEAST)
      }`,
    });
  }
  const left = Math.max(LEAST, memory - PROGRAM - BORDER * cells);
  return divide({ shape, cells, entries, words: Math.floor(left / 4) });
}

/** Divides so many words among the cells. */
export function divide(
  { shape, cells, entries, words }: Omit<RoomRequest, "memory"> & { readonly words: number },
): Room {
  const loaded = Math.max(1, words >>> 1);
  const each = usualWords(
    shape,
    entries === undefined || cells === 0 ? Math.min(ENTRIES, shape.genes) : entries / cells,
  );
  const wished = Math.ceil(cells * each * 1.25 / loaded);
  const places = Math.max(1, Math.ceil(cells / Math.max(1, wished)));
  const buckets = Math.ceil(cells / places);
  const slot = Math.floor(words / 4 / Math.max(1, buckets));
  return {
    buckets,
    places,
    slot: Math.min(Math.max(slot, SLOT.least), SLOT.most),
    loaded,
    records: entries === undefined ? 0 : Math.ceil(cells * each),
  };
}

/** The words of the largest record there can be. */
export const largestRecord = (shape: RecordShape): number => mostWords(shape, shape.genes);
