/**
 * What may be done to rows of tokens without telling a model anything new.
 *
 * @module
 */

import { derive, type Key, stream } from "../../core/random.ts";
import { paddingRows, type TokenBatch } from "../../core/tokens.ts";

/** Tables of cells × positions. */
const TABLES = ["genes", "input", "target", "padding", "masked"] as const;

/** The batch with padding up to `length` positions. */
export function lengthened(tokens: TokenBatch, length: number, genes: number): TokenBatch {
  const longer = { ...paddingRows(tokens.cells, { length, genes }), obs: tokens.obs };
  for (let row = 0; row < tokens.cells.length; row++) {
    for (const name of TABLES) {
      const own = tokens[name].subarray(row * tokens.length, (row + 1) * tokens.length);
      longer[name].set(own, row * length);
    }
  }
  return longer;
}

/** For each position the one whose token moves there: genes are shuffled within their cell. */
export function shuffled({ cells, length, padding }: TokenBatch, key: Key): Uint32Array {
  const random = stream(key), moves = Uint32Array.from(padding.keys());
  for (let row = 0; row < cells.length; row++) {
    const first = row * length + 1;
    let shown = 0;
    while (shown < length - 1 && padding[first + shown] === 0) shown++;
    for (let i = shown - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [moves[first + i], moves[first + j]] = [moves[first + j], moves[first + i]];
    }
  }
  return moves;
}

/** The batch with its tokens moved. */
export function reordered(tokens: TokenBatch, moves: Uint32Array): TokenBatch {
  const moved = TABLES.map((name) => [name, picked(tokens[name], moves)]);
  return { ...tokens, ...Object.fromEntries(moved) };
}

/** The value that moves to each position. */
export const picked = <A extends Float32Array | Int32Array | Uint8Array>(
  values: A,
  moves: Uint32Array,
) => values.map((_, p) => values[moves[p]]) as A;

/** The batch with other genes and values where padding stands, which is told nowhere else. */
export function scribbled(tokens: TokenBatch, genes: number, key: Key): TokenBatch {
  const random = stream(derive(key, "scribble"));
  const changed = { ...tokens, genes: tokens.genes.slice(), input: tokens.input.slice() };
  tokens.padding.forEach((pad, p) => {
    if (pad === 0) return;
    changed.genes[p] = random.below(genes);
    changed.input[p] = random.uniform() * 5;
  });
  return changed;
}
