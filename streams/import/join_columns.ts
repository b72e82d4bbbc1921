/**
 * One set of columns for several inputs: categories united by name, and which input a cell is from.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { suggest } from "../../core/nearest.ts";
import type { Column } from "../../core/source.ts";
import { COUNTS, GENES } from "../atlas/layout.ts";
import type { CategoryColumn, NumberColumn, ObsColumn } from "./count_matrix.ts";

/** The column that names the input of each cell. */
export const DATASET = "dataset";

/** Columns of a range of cells of one input. */
export interface ColumnValues {
  readonly obs: Readonly<Record<string, Int32Array>>;
  readonly numbers: Readonly<Record<string, Float64Array>>;
}

/** The columns of an atlas and how each input fills them. */
export interface ColumnPlan {
  readonly columns: readonly Column[];
  readonly numbers: readonly string[];
  /** What was renamed or left empty, in sentences. */
  readonly notes: readonly string[];
  /** The columns of the cells `from … to - 1` of an input. */
  read(input: number, from: number, to: number): ColumnValues;
}

/** An input with the columns of its cells. */
export interface NamedColumns {
  readonly name: string;
  readonly obs: readonly ObsColumn[];
  /** Columns that it has besides, and why they are left out, as a clause. */
  readonly leftOut?: ReadonlyMap<string, string>;
}

/**
 * Throws an `InputError` at the first of `names` that is no column of any input.
 *
 * @param doing How the sentence goes on behind the column: " as categories".
 */
export function checkKnown(
  names: readonly string[],
  inputs: readonly NamedColumns[],
  doing = "",
): void {
  const known = [...new Set(inputs.flatMap(({ obs }) => obs.map(({ name }) => name)))];
  const missing = names.find((name) => !known.includes(name));
  if (missing === undefined) return;
  const leftOut = inputs.map(({ leftOut }) => leftOut?.get(missing));
  const why = leftOut.find((why) => why !== undefined) ??
    `no input has it; ${suggest(missing, known)}`;
  throw new InputError({ message: `Cannot keep column "${missing}"${doing}: ${why}` });
}

/**
 * Joins columns by name; a cell of an input without the column has no category, or NaN. Adds
 * the column `dataset`. Throws an `InputError` where inputs disagree on what a column holds.
 *
 * @param asked Names of the columns to keep; all unless given.
 */
export function joinColumns(
  inputs: readonly NamedColumns[],
  asked?: readonly string[],
): ColumnPlan {
  const known = [...new Set(inputs.flatMap(({ obs }) => obs.map(({ name }) => name)))];
  checkKnown(asked ?? [], inputs);
  const notes: string[] = [];
  const kept = known.filter((name) => asked?.includes(name) ?? true);
  const taken = new Set([...RESERVED, ...kept]);
  const joined = kept.map((name) => {
    const found = inputs.map(({ obs }) => obs.find((column) => column.name === name));
    const stored = RESERVED.includes(name) ? freeName(name, taken) : name;
    taken.add(stored);
    if (stored !== name) {
      notes.push(`column "${name}" is called "${stored}": the atlas needs the name`);
    }
    if (found.every(isNumeric)) return { name: stored, numbers: found };
    if (found.every(isCoded)) return unite(stored, found, notes);
    const [a, b] = [found.findIndex((c) => !isCoded(c)), found.findIndex((c) => !isNumeric(c))];
    throw new InputError({
      message: `Cannot join column "${name}": it holds numbers in "${
        inputs[a].name
      }" and categories in "${inputs[b].name}"; --categories ${name} reads both as categories`,
    });
  });
  const coded = joined.filter((column) => "codes" in column);
  const numeric = joined.filter((column) => "numbers" in column);
  return {
    columns: [
      ...coded.map(({ name, categories }) => ({ name, categories })),
      { name: DATASET, categories: inputs.map(({ name }) => name) },
    ],
    numbers: numeric.map(({ name }) => name),
    notes,
    read(input, from, to) {
      const obs = coded.map(({ name, codes }) => [name, codes(input, from, to)]);
      const dataset = new Int32Array(to - from).fill(input);
      const numbers = numeric.map(({ name, numbers }) => [
        name,
        numbers[input]?.numbers(from, to) ?? new Float64Array(to - from).fill(NaN),
      ]);
      return {
        obs: Object.fromEntries([...obs, [DATASET, dataset]]),
        numbers: Object.fromEntries(numbers),
      };
    },
  };
}

/** Names that the atlas itself uses. */
const RESERVED = [DATASET, GENES, COUNTS];

function freeName(name: string, taken: ReadonlySet<string>): string {
  const longer = `obs_${name}`;
  return taken.has(longer) ? freeName(longer, taken) : longer;
}

type Maybe<A> = A | undefined;
const isNumeric = (column: Maybe<ObsColumn>): column is Maybe<NumberColumn> =>
  column === undefined || "numbers" in column;
const isCoded = (column: Maybe<ObsColumn>): column is Maybe<CategoryColumn> =>
  column === undefined || "codes" in column;

/** One list of categories, in order of appearance; an empty text is no category. */
function unite(name: string, found: readonly Maybe<CategoryColumn>[], notes: string[]) {
  const union = new Map<string, number>();
  const codesOf = found.map((column) =>
    Int32Array.from(column?.categories ?? [], (category) => {
      if (category === "") return -1;
      if (!union.has(category)) union.set(category, union.size);
      return union.get(category)!;
    })
  );
  if (codesOf.some((codes) => codes.includes(-1))) {
    notes.push(`column "${name}": cells with an empty text have no category`);
  }
  return {
    name,
    categories: [...union.keys()],
    codes(input: number, from: number, to: number): Int32Array {
      const codes = found[input]?.codes(from, to) ?? new Int32Array(to - from).fill(-1);
      return codes.map((code) => codesOf[input][code] ?? -1);
    },
  };
}
