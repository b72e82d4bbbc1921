/**
 * Gene symbols from a file of their own.
 *
 * @module
 */

import { Effect } from "effect";
import { readFileSync } from "node:fs";
import { InputError } from "../../core/errors.ts";
import { attempt } from "../attempt.ts";

/** The symbols in a text file with one a line; empty lines are passed over. */
export const readSymbols = Effect.fnUntraced(function* (path: string) {
  const doing = `Cannot read genes "${path}"`;
  const text = yield* attempt(doing, () => readFileSync(path, "utf8"));
  const symbols = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  if (symbols.length > 0) return symbols;
  return yield* new InputError({ message: `${doing}: it has no gene; write a symbol a line` });
});
