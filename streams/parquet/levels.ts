/**
 * Levels: where lists begin, and which rows and elements are there at all.
 *
 * @module
 */

import { decodeHybridInto } from "./hybrid.ts";
import type { Leaf } from "./leaf.ts";
import { type Page, readerOf } from "./pages.ts";

/** The levels of one page, as far as its values go. */
export interface Levels {
  /** 0 where a list begins; of no meaning in a column of single values. */
  readonly repetition: Uint8Array;
  readonly definition: Uint8Array;
}

// Decoding is synchronous and never nested, so one pair of buffers serves all pages.
let repetition = new Uint8Array(0), definition = new Uint8Array(0);

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
  if (leaf.lists) decodeHybridInto(levels.repetition, readerOf(page.repetition), 1);
  if (leaf.defined > 0) {
    const width = 32 - Math.clz32(leaf.defined);
    decodeHybridInto(levels.definition, readerOf(page.definition), width);
  } else levels.definition.fill(0);
  return levels;
}

/** How many values are there. */
export function countPresent({ definition }: Levels, leaf: Leaf): number {
  let present = 0;
  for (let i = 0; i < definition.length; i++) if (definition[i] === leaf.defined) present++;
  return present;
}
