/**
 * Batches of any size as the arrays that programs of a fixed number of rows are fed.
 *
 * @module
 */

import type { Arrays } from "./program.ts";
import { clsId, padId, type TokenBatch } from "../tokens.ts";

/** Which rows of a batch a program is fed. */
export interface Rows {
  /** The first row. */
  readonly from: number;
  /** Rows of the program. Those that the batch lacks hold a cell token, padding, and no share. */
  readonly cells: number;
}

/** What a teacher said about a batch, and where that counts. */
export interface Taught {
  /** Its predictions, cells × positions. */
  readonly mlm: Float32Array;
  readonly mvc: Float32Array;
  /** Its cell embeddings, cells × width. */
  readonly cells: Float32Array;
  /** 1/n at the n selected positions of the whole batch, cells × positions. */
  readonly kept: Float32Array;
}

/**
 * 1/n at each of the n flagged positions, 0 elsewhere: sums weighted by it are means, also when the
 * batch is cut into parts. All 0 when nothing is flagged.
 */
export function shareOf(flags: Uint8Array): Float32Array {
  let count = 0;
  for (let i = 0; i < flags.length; i++) count += flags[i];
  const share = new Float32Array(flags.length), each = 1 / count;
  for (let i = 0; i < flags.length; i++) if (flags[i]) share[i] = each;
  return share;
}

/** What a predicting program is fed; views of the batch where it has enough rows. */
export function tokenFeeds(tokens: TokenBatch, { from, cells }: Rows): Arrays {
  const { length } = tokens, there = tokens.cells.length - from;
  if (!(from >= 0 && there > 0)) {
    throw new RangeError(`Cannot feed row ${from}: the batch has ${tokens.cells.length}`);
  }
  const first = from * length, end = (from + Math.min(there, cells)) * length;
  const padding = Float32Array.from(tokens.padding.subarray(first, end));
  const genes = tokens.genes.subarray(first, end);
  const input = tokens.input.subarray(first, end);
  if (there >= cells) return { genes, input, padding };

  const filled = {
    genes: new Int32Array(cells * length).fill(padId(tokens.genes[0] - clsId(0))),
    input: new Float32Array(cells * length),
    padding: new Float32Array(cells * length).fill(1),
  };
  filled.genes.set(genes);
  filled.input.set(input);
  filled.padding.set(padding);
  for (let i = end - first; i < filled.genes.length; i += length) {
    filled.genes[i] = tokens.genes[0];
    filled.padding[i] = 0;
  }
  return filled;
}

/**
 * What a learning program is fed.
 *
 * @param share `shareOf` the masked positions of the whole batch.
 */
export function learningFeeds(tokens: TokenBatch, share: Float32Array, rows: Rows): Arrays {
  return {
    ...tokenFeeds(tokens, rows),
    target: rowsOf(tokens.target, tokens.length, rows),
    share: rowsOf(share, tokens.length, rows),
  };
}

/** What a program that learns from a teacher is fed besides. */
export function lessonFeeds(taught: Taught, tokens: TokenBatch, rows: Rows): Arrays {
  const width = taught.cells.length / tokens.cells.length;
  return {
    "teacher.mlm": rowsOf(taught.mlm, tokens.length, rows),
    "teacher.mvc": rowsOf(taught.mvc, tokens.length, rows),
    "teacher.cells": rowsOf(taught.cells, width, rows),
    kept: rowsOf(taught.kept, tokens.length, rows),
  };
}

/** Rows of a row-major table, zeros where it has no more; a view where it has enough. */
function rowsOf(values: Float32Array, width: number, { from, cells }: Rows): Float32Array {
  const found = values.subarray(from * width, (from + cells) * width);
  if (found.length === cells * width) return found;
  const filled = new Float32Array(cells * width);
  filled.set(found);
  return filled;
}
