/**
 * One vocabulary for several inputs: which column of which input is which gene.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import type { Vocabulary } from "../../core/vocabulary.ts";
import type { ImportOptions } from "./import_options.ts";

/** The genes of an atlas and where each input has them. */
export interface GenePlan {
  readonly vocabulary: Vocabulary;
  /** For each input, the vocabulary id of each of its columns; -1 where a column is left out. */
  readonly ids: readonly Int32Array[];
  /** What happened to repeated and missing symbols, in sentences. */
  readonly notes: readonly string[];
}

/** An input with the symbols of its columns. */
export interface NamedSymbols {
  readonly name: string;
  readonly symbols: readonly string[];
}

/**
 * Joins the inputs on gene symbol. The vocabulary is the union of their symbols in code-point order,
 * or the genes asked for. Throws an `InputError` where a symbol repeats and that is to be refused.
 */
export function joinGenes(
  inputs: readonly NamedSymbols[],
  options: Pick<ImportOptions, "duplicates" | "genes">,
): GenePlan {
  const symbols = options.genes ?? unionOf(inputs);
  const ids = new Map(symbols.map((symbol, id) => [symbol, id]));
  if (ids.size < symbols.length) {
    const twice = symbols.find((symbol, id) => ids.get(symbol) !== id);
    throw new InputError({
      message: `Cannot take gene "${twice}": the list of genes names it twice`,
    });
  }
  const placed = inputs.map((input) => place(input, ids, options.duplicates));
  const unknown = symbols.filter((_, id) => placed.every(({ has }) => has[id] === 0));
  const notes = placed.flatMap(({ notes }) => notes);
  if (unknown.length > 0) {
    notes.push(`genes asked for that no input has: ${unknown.length} (${some(unknown)})`);
  }
  return { vocabulary: { symbols }, ids: placed.map(({ ids }) => ids), notes };
}

function unionOf(inputs: readonly NamedSymbols[]): string[] {
  const union = new Set<string>();
  for (const { symbols } of inputs) for (const symbol of symbols) union.add(symbol);
  union.delete("");
  return [...union].sort();
}

/** Finds the columns of one input in the vocabulary. */
function place(
  { name, symbols }: NamedSymbols,
  vocabulary: ReadonlyMap<string, number>,
  duplicates: ImportOptions["duplicates"],
) {
  const ids = new Int32Array(symbols.length).fill(-1);
  const has = new Uint32Array(vocabulary.size);
  symbols.forEach((symbol, column) => {
    const id = vocabulary.get(symbol);
    if (id === undefined || symbol === "") return;
    if (has[id]++ === 0 || duplicates !== "first") ids[column] = id;
  });
  const all = [...vocabulary.keys()];
  const repeated = all.filter((_, id) => has[id] > 1);
  const absent = has.reduce((sum, columns) => sum + (columns === 0 ? 1 : 0), 0);
  if (repeated.length > 0 && duplicates === "refuse") {
    throw new InputError({
      message: `Cannot join "${name}": several columns have the same symbol (${
        some(repeated)
      }); --duplicates sum adds them up, --duplicates first keeps the first`,
    });
  }
  const notes: string[] = [];
  if (repeated.length > 0) {
    const done = duplicates === "sum" ? "the columns are summed" : "the first column is kept";
    notes.push(
      `${name}: symbols of several columns: ${repeated.length} (${some(repeated)}); ${done}`,
    );
  }
  if (absent > 0) notes.push(`${name}: genes absent: ${absent} of ${all.length}`);
  return { ids, has, notes };
}

/** The first few names. */
const some = (names: readonly string[]): string =>
  names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
