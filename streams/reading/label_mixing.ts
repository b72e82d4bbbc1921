/**
 * How well an order mixes a label, measured against a truly random one.
 *
 * @module
 */

import type { ReadPlan, Span } from "./read_plan.ts";

/** Entropies in bits, each the mean over all batches. */
export interface Mixing {
  /** Of the categories within a batch. */
  readonly entropy: number;
  /** As it would be, in expectation, if the same cells came in a truly random order. */
  readonly random: number;
  /** `entropy / random`; 1 where there is nothing to mix. */
  readonly share: number;
}

/** Measures batches of `batch` cells by their codes; cells without a category are a category too. */
export function labelMixing(plan: ReadPlan, codes: ArrayLike<number>, batch: number): Mixing {
  let most = -1;
  for (let cell = 0; cell < codes.length; cell++) most = Math.max(most, codes[cell]);
  const inAll = new Float64Array(most + 2), inBatch = new Uint32Array(most + 2);
  // Codes of the batch, so that only its categories are looked at, however many there are.
  const held = new Int32Array(Math.min(batch, codes.length));
  let size = 0, sum = 0, cells = 0;

  function close(): void {
    for (let i = 0; i < size; i++) inBatch[held[i]]++;
    for (let i = 0; i < size; i++) {
      sum += surprise(inBatch[held[i]], size);
      inBatch[held[i]] = 0;
    }
    size = 0;
  }
  for (let index = 0; index < plan.windows; index++) {
    const { spans, picks } = plan.window(index), rows = rowsOf(spans);
    for (let i = 0; i < picks.length; i++) {
      inAll[held[size++] = codes[rows[picks[i]]] + 1]++;
      cells++;
      if (size === batch) close();
    }
  }
  const last = size, batches = Math.ceil(cells / batch);
  close();
  if (cells === 0) return { entropy: 0, random: 0, share: 1 };
  const full = Math.floor(cells / batch);
  const whole = full * expectedEntropy(inAll, cells, batch) + expectedEntropy(inAll, cells, last);
  const entropy = sum / batches, random = whole / batches;
  return { entropy, random, share: random > 0 ? entropy / random : 1 };
}

/** What `count` of `size` cells that are alike add to the entropy of their batch, in bits. */
const surprise = (count: number, size: number): number =>
  count === 0 ? 0 : -count / size * Math.log2(count / size);

/** Rows of spans laid end to end. */
function rowsOf(spans: readonly Span[]): Float64Array {
  const rows = new Float64Array(spans.reduce((sum, { from, to }) => sum + to - from, 0));
  let place = 0;
  for (const { from, to } of spans) for (let row = from; row < to; row++) rows[place++] = row;
  return rows;
}

/**
 * Mean entropy of `size` cells drawn without replacement, exactly: how many of a category are drawn
 * is hypergeometric, and means add up. Its probabilities follow from each other, outwards from the
 * most likely one, where none is too small to be held.
 */
export function expectedEntropy(counts: ArrayLike<number>, cells: number, size: number): number {
  const known = new Map<number, number>();
  let entropy = 0;
  for (let code = 0; code < counts.length; code++) {
    const count = counts[code];
    if (!known.has(count)) known.set(count, expectedSurprise(count, cells, size));
    entropy += known.get(count)!;
  }
  return entropy;
}

function expectedSurprise(count: number, cells: number, size: number): number {
  const least = Math.max(0, size - (cells - count)), most = Math.min(count, size);
  const mode = Math.floor((size + 1) * (count + 1) / (cells + 2));
  const middle = Math.min(most, Math.max(least, mode));
  /** Probability of one more than `drawn`, relative to that of `drawn`. */
  const next = (drawn: number) =>
    (count - drawn) * (size - drawn) / ((drawn + 1) * (cells - count - size + drawn + 1));
  let all = 1, sum = surprise(middle, size);
  for (let drawn = middle, chance = 1; drawn < most && chance > 0;) {
    chance *= next(drawn++);
    all += chance;
    sum += chance * surprise(drawn, size);
  }
  for (let drawn = middle, chance = 1; drawn > least && chance > 0;) {
    chance /= next(--drawn);
    all += chance;
    sum += chance * surprise(drawn, size);
  }
  return sum / all;
}
