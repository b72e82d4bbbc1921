/**
 * Chooses what the model has to predict.
 *
 * @module
 */

import { map, type OperatorFunction } from "rxjs";
import { derive, type Key, type Random, stream } from "../core/random.ts";
import { MASK_VALUE, type TokenBatch } from "../core/tokens.ts";

/**
 * Masks each position with probability `rate`, independently of all others; never the cell token or
 * padding. What is masked in a cell depends on the key, its row in the atlas and its number of
 * tokens alone.
 */
export function mask(rate: number, key: Key): OperatorFunction<TokenBatch, TokenBatch> {
  const random = stream(derive(key, "mask"));
  return map((tokens) => maskTokens(tokens, rate, random));
}

/** What `mask` does to one batch, with the randomness handed over. */
export function maskTokens(tokens: TokenBatch, rate: number, random: Random): TokenBatch {
  const { cells, length, padding } = tokens;
  const input = tokens.input.slice(), masked = tokens.masked.slice();
  for (let i = 0; i < cells.length; i++) {
    random.at(cells[i]);
    for (let p = i * length + 1; p < (i + 1) * length; p++) {
      if (padding[p] === 1 || random.uniform() >= rate) continue;
      input[p] = MASK_VALUE;
      masked[p] = 1;
    }
  }
  return { ...tokens, input, masked };
}
