/**
 * Names that an atlas is to hold, checked before anything is written or believed.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { COUNTS, GENES, type Layout } from "./layout.ts";

/** Throws at the first name that an atlas cannot hold. */
export function checkNames(
  { vocabulary, columns, numbers }: Pick<Layout, "columns" | "numbers"> & {
    readonly vocabulary: { readonly symbols: readonly string[] };
  },
): void {
  checkAll("gene", vocabulary.symbols);
  for (const symbol of vocabulary.symbols) {
    if (symbol === "") refuse("gene", symbol, "a symbol must not be empty");
    if (/[\n\r]/.test(symbol)) refuse("gene", symbol, "a symbol must be on one line");
  }
  const names = [...columns.map(({ name }) => name), ...numbers];
  checkAll("column", names);
  for (const name of names) {
    if (name === "") refuse("column", name, "a name must not be empty");
    if (name === GENES || name === COUNTS) {
      refuse("column", name, "the name is taken by the lists of the cells; rename the column");
    }
  }
  for (const { name, categories } of columns) checkAll(`category of column "${name}"`, categories);
}

function checkAll(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) refuse(what, name, "the name is there twice");
    if (!name.isWellFormed()) refuse(what, name, "the name is not valid Unicode");
    seen.add(name);
  }
}

function refuse(what: string, name: string, why: string): never {
  throw new InputError({ message: `Cannot take ${what} "${name}": ${why}` });
}
