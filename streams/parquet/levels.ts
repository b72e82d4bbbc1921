/**
 * Levels: where lists begin, and which rows and elements are there at all.
 *
 * @module
 */

import { decodeHybridInto, readRun, type Run } from "./hybrid.ts";
import type { Leaf } from "./leaf.ts";
import { type Page, viewOf } from "./pages.ts";
import type { Cursor } from "./thrift.ts";
import { fillLanes, LANES } from "./unpack.ts";

// Decoding is synchronous and never nested, so these buffers serve all pages.
let definition = new Uint8Array(0);
const lanes = new Uint32Array(LANES);

/** Where the lists of a piece begin. */
export interface Starts {
  /** Entries before each list. */
  readonly entries: Uint32Array;
  /** Lists that have begun. */
  row: number;
}

/**
 * Adds the lists that begin in a page to `starts`, whose entries go on from `entry`. Returns how many
 * entries the page has. Runs of levels are looked at, not each level, as far as elements follow each other.
 */
export function addStarts(starts: Starts, page: Page, leaf: Leaf, entry: number): number {
  const { values, definition: bytes } = page, { defined, element } = leaf, first = entry;
  const begins = beginnings(page);
  if (defined === 0) {
    begins.addUpTo(starts, values, entry);
    return values;
  }
  function addLevel(level: number, value: number, end: number): void {
    if (level === defined) {
      begins.addUpTo(starts, end, entry - value);
      entry += end - value;
      return;
    }
    if (level >= element) throw new RangeError("an element is null");
    for (; value < end; value++) {
      const before = starts.row;
      begins.addUpTo(starts, value + 1, entry - value);
      if (starts.row === before) throw new RangeError("a list goes on and is empty");
    }
  }
  const cursor = { bytes, at: 0 }, view = viewOf(bytes), width = 32 - Math.clz32(defined);
  for (let value = 0; value < values;) {
    const run = readRun(cursor, width), end = Math.min(values, value + run.length);
    if (run.value !== undefined) addLevel(run.value, value, end);
    else {
      checkPacked(cursor, (end - value) * width);
      for (let at = cursor.at, next = value; next < end; next += LANES, at += 4 * width) {
        fillLanes(lanes, view, at, width);
        const there = Math.min(LANES, end - next);
        for (let from = 0, to = 1; from < there; from = to++) {
          while (to < there && lanes[to] === lanes[from]) to++;
          addLevel(lanes[from], next + from, next + to);
        }
      }
    }
    cursor.at += run.bytes;
    value = end;
  }
  return entry - first;
}

/** Reads the repetition levels of a page, of one bit: those that are zero begin a list. */
function beginnings({ repetition: bytes }: Page) {
  const cursor = { bytes, at: 0 };
  let value = 0, run: Run | undefined, runFrom = 0, runTo = 0;

  function nextRun(): void {
    cursor.at += run?.bytes ?? 0;
    run = readRun(cursor, 1);
    runFrom = value;
    runTo = value + run.length;
  }
  function addPacked(starts: Starts, end: number, shift: number): void {
    checkPacked(cursor, end - runFrom);
    while (value < end) {
      const bit = value - runFrom, low = bit & 7, size = Math.min(8 - low, end - value);
      // Each bit that is not set begins a list; the lowest set bit of the others comes first.
      let others = ~bytes[cursor.at + (bit >> 3)] & ((1 << size) - 1 << low);
      for (; others; others &= others - 1) {
        begin(starts, shift + value - low + 31 - Math.clz32(others & -others));
      }
      value += size;
    }
  }
  return {
    /** Adds the lists that begin before the value `to`; a value `i` is the entry `shift + i`. */
    addUpTo(starts: Starts, to: number, shift: number): void {
      while (value < to) {
        if (value === runTo) nextRun();
        const end = Math.min(to, runTo), level = run!.value;
        if (level === undefined) addPacked(starts, end, shift);
        else if (level === 0) { for (; value < end; value++) begin(starts, shift + value); }
        value = end;
      }
    },
  };
}

/** Throws where so many bits do not lie behind the cursor. */
function checkPacked({ bytes, at }: Cursor, bits: number): void {
  if (at + Math.ceil(bits / 8) > bytes.length) {
    throw new RangeError("levels run past the end of their page");
  }
}

function begin(starts: Starts, entry: number): void {
  if (starts.row === starts.entries.length) throw tooMany(starts.row);
  starts.entries[starts.row++] = entry;
}

const tooMany = (rows: number) => new RangeError(`there are more than ${rows} rows`);

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

/** The definition levels of a page of single values; they are overwritten by the next call. */
export function definitionOf({ values, definition: bytes }: Page, { defined }: Leaf): Uint8Array {
  if (definition.length < values) definition = new Uint8Array(values);
  const levels = definition.subarray(0, values);
  if (defined > 0) decodeHybridInto(levels, bytes, 32 - Math.clz32(defined));
  else levels.fill(0);
  return levels;
}
