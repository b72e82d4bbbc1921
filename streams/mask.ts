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
  const uniforms = new Float64Array(length);
  for (let i = 0; i < cells.length; i++) {
    const first = i * length + 1;
    let end = first + length - 1;
    while (end > first && padding[end - 1] === 1) end--;
    random.at(cells[i]);
    random.fillUniforms(uniforms.subarray(0, end - first));
    for (let p = first; p < end; p++) {
      if (padding[p] === 1 || uniforms[p - first] >= rate) continue;
      input[p] = MASK_VALUE;
      masked[p] = 1;
    }
  }
  return { ...tokens, input, masked };
}
