/**
 * The genes of an atlas: a symbol's position is its id.
 *
 * @module
 */

/** Gene symbols in id order, no symbol twice. */
export interface Vocabulary {
  readonly symbols: readonly string[];
}

/** Returns the id of each symbol. */
export function idsOf(vocabulary: Vocabulary): ReadonlyMap<string, number> {
  return new Map(vocabulary.symbols.map((symbol, id) => [symbol, id]));
}
