/**
 * Vocabularies of tokens, as scGPT's `vocab.json` or as a text with a symbol a line.
 *
 * @module
 */

import { Effect } from "effect";
import { readFileSync } from "node:fs";
import { InputError } from "../../core/errors.ts";
import { checkNames } from "../atlas/check_names.ts";
import { attempt } from "../attempt.ts";
import { LEFT_OUT, type TokenMapping, UNKNOWN } from "./foreign_layout.ts";

/** More tokens than any vocabulary of genes has. */
const MOST = 2 ** 24;
/** Words that stand for no gene: `<pad>`, `<cls>`. */
const SPECIAL = /^<[^<>]*>$/;

/**
 * Reads the vocabulary at `path`: an object of ids by symbol, or a symbol a line, the first of which
 * has the id `firstGene`. Lower ids, and words in angle brackets, stand for no gene. Genes are the
 * others, in the order of their ids.
 */
export const readTokens = Effect.fnUntraced(function* (path: string, firstGene: number) {
  const doing = `Cannot read vocabulary "${path}"`;
  const text = yield* attempt(doing, () => readFileSync(path, "utf8"));
  return yield* attempt(doing, () => tokensOf(text, firstGene, doing));
});

/** The mapping that a vocabulary describes; throws an `InputError` that begins with `doing`. */
export function tokensOf(
  text: string,
  firstGene: number,
  doing: string,
): Pick<TokenMapping, "tokens" | "vocabulary"> {
  const words = /^\s*[{[]/.test(text) ? wordsOfJson(text, doing) : wordsOfLines(text, firstGene);
  const last = words.reduce((most, [, id]) => Math.max(most, id), -1);
  const tokens = new Int32Array(last + 1).fill(UNKNOWN), symbols: string[] = [];
  tokens.fill(LEFT_OUT, 0, firstGene);
  for (const [symbol, id] of words.toSorted(([, a], [, b]) => a - b)) {
    if (id >= firstGene && tokens[id] !== UNKNOWN) {
      throw new InputError({ message: `${doing}: the id ${id} has two symbols` });
    }
    if (id >= firstGene) tokens[id] = SPECIAL.test(symbol) ? LEFT_OUT : symbols.push(symbol) - 1;
  }
  if (symbols.length === 0) {
    throw new InputError({
      message: `${doing}: it has no gene; give an object of ids by symbol, or a symbol a line`,
    });
  }
  const vocabulary = { symbols };
  checkNames({ vocabulary, columns: [], numbers: [] });
  return { tokens, vocabulary };
}

type Word = readonly [symbol: string, id: number];

function wordsOfLines(text: string, firstGene: number): Word[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  // An empty line within is a mistake that would move every id behind it: it is refused as a name.
  while (lines.at(-1) === "") lines.pop();
  return lines.map((symbol, line) => [symbol, firstGene + line]);
}

function wordsOfJson(text: string, doing: string): Word[] {
  let ids: unknown;
  try {
    ids = JSON.parse(text);
  } catch {
    throw new InputError({ message: `${doing}: it is not JSON` });
  }
  if (typeof ids !== "object" || ids === null || Array.isArray(ids)) {
    throw new InputError({ message: `${doing}: it is no object of ids by symbol` });
  }
  return Object.entries(ids).map(([symbol, id]) => {
    if (Number.isInteger(id) && id >= 0 && id < MOST) return [symbol, id];
    throw new InputError({
      message: `${doing}: "${symbol}" has the id ${JSON.stringify(id)}, which is no integer from 0`,
    });
  });
}
