/**
 * How a file says which genes the rows of its gene table stand for.
 *
 * @module
 */

import { sha256Of } from "../checkpoint/manifest.ts";

/** The hash of gene symbols in id order, as an atlas states it: of a line for each. */
export const vocabularyHash = (symbols: readonly string[]): string =>
  sha256Of(symbols.map((symbol) => `${symbol}\n`).join(""));
