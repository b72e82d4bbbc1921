/**
 * Levels: where lists begin, and which rows and elements are there at all.
 *
 * @module
 */

import { decodeHybridInto, readRun } from "./hybrid.ts";
import type { Leaf } from "./leaf.ts";
import type { Page } from "./pages.ts";

// Decoding is synchronous and never nested, so one pair of buffers serves all pages.
let repetition = new Uint8Array(0), definition = new Uint8Array(0);

/** Where the lists of a piece begin. */
export interface Starts {
  /** Entries before each list. */
  readonly entries: Uint32Array;
  /** Lists that have begun. */
  row: number;
}

/**
 * Adds the lists that begin in a page to `starts`, whose entries go on from `entry`. Returns how many
 * entries the page has.
 */
export function addStarts(starts: Starts, page: Page, leaf: Leaf, entry: number): number {
  if (page.values === 0) return 0;
  if (!allDefined(page, leaf)) return addOneByOne(starts, page, leaf, entry);
  addRuns(starts, page, entry);
  return page.values;
}

/** Whether each value of a page is there; quick where few runs say so. */
export function allDefined(page: Page, { defined }: Leaf): boolean {
  if (defined === 0) return true;
  const width = 32 - Math.clz32(defined), cursor = { bytes: page.definition, at: 0 };
  for (let value = 0; value < page.values;) {
    const run = readRun(cursor, width);
    if (run.value !== defined) return false;
    value += run.length;
  }
  return true;
}

/** As if every value were an element: only runs of repetition levels are looked at, not each level. */
function addRuns(starts: Starts, { values, repetition: bytes }: Page, entry: number): void {
  const cursor = { bytes, at: 0 };
  for (let value = 0; value < values;) {
    const run = readRun(cursor, 1), end = Math.min(values, value + run.length);
    if (run.value === 0) { for (let i = value; i < end; i++) begin(starts, entry + i); }
    else if (run.value === undefined) {
      if (cursor.at + Math.ceil((end - value) / 8) > bytes.length) {
        throw new RangeError("levels run past the end of their page");
      }
      for (let i = value; i < end; i += 8) {
        const inside = end - i < 8 ? (1 << (end - i)) - 1 : 255;
        // Each bit that is not set begins a list; the lowest set bit of the others comes first.
        for (
          let others = ~bytes[cursor.at + ((i - value) >> 3)] & inside;
          others;
          others &= others - 1
        ) {
          begin(starts, entry + i + 31 - Math.clz32(others & -others));
        }
      }
      cursor.at += run.bytes;
    }
    value = end;
  }
}

function addOneByOne(starts: Starts, page: Page, leaf: Leaf, entry: number): number {
  const { repetition, definition } = levelsOf(page, leaf), { entries } = starts;
  const { defined, element } = leaf, count = page.values, first = entry, room = entries.length;
  let row = starts.row;
  for (let i = 0; i < count; i++) {
    const level = definition[i], begins = repetition[i] === 0;
    if (begins) {
      if (row === room) throw tooMany(row);
      entries[row++] = entry;
    }
    if (level === defined) entry++;
    else if (level >= element) throw new RangeError("an element is null");
    else if (!begins) throw new RangeError("a list goes on and is empty");
  }
  starts.row = row;
  return entry - first;
}

function begin(starts: Starts, entry: number): void {
  if (starts.row === starts.entries.length) throw tooMany(starts.row);
  starts.entries[starts.row++] = entry;
}

const tooMany = (rows: number) => new RangeError(`there are more than ${rows} rows`);

/** The levels of one page, as far as its values go. */
export interface Levels {
  /** 0 where a list begins; of no meaning in a column of single values. */
  readonly repetition: Uint8Array;
  readonly definition: Uint8Array;
}

/** Decodes the levels of a page; they are overwritten by the next call. */
export function levelsOf(page: Page, leaf: Leaf): Levels {
  const count = page.values;
  if (definition.length < count) {
    repetition = new Uint8Array(count);
    definition = new Uint8Array(count);
  }
  const levels = {
    repetition: repetition.subarray(0, count),
    definition: definition.subarray(0, count),
  };
  if (leaf.lists) decodeHybridInto(levels.repetition, page.repetition, 1);
  if (leaf.defined > 0) {
    decodeHybridInto(levels.definition, page.definition, 32 - Math.clz32(leaf.defined));
  } else levels.definition.fill(0);
  return levels;
}
