/**
 * Columns of single texts or integers as categories.
 *
 * @module
 */

import type { Singles } from "../parquet/foreign/read_singles.ts";

/** More categories than these are no labels: a column of barcodes has one for each cell. */
const MOST = 2 ** 16;

/** Adds the categories of some rows to those of a column; throws a RangeError where they are too many. */
export function addCategories(known: Set<string>, singles: Singles): void {
  if (singles.kind === "texts") {
    // A dictionary may have texts that no row has.
    const used = new Set(singles.codes);
    for (const [code, text] of singles.texts.entries()) if (used.has(code)) known.add(text);
  } else {
    for (const value of new Set(singles.values)) {
      if (!Number.isNaN(value)) known.add(categoryOf(value));
    }
  }
  if (known.size > MOST) {
    throw new RangeError(`it has more than ${MOST} categories; name a column of labels`);
  }
}

/** The categories of a column, whichever file comes first: numbers by size, texts by their letters. */
export function inOrder(categories: Iterable<string>): string[] {
  const all = [...categories], areNumbers = all.every((each) => /^-?\d+$/.test(each));
  return areNumbers ? all.sort((a, b) => Number(a) - Number(b)) : all.sort();
}

/** The codes of some rows, -1 where one has none; throws a RangeError at a category without a code. */
export function codesOf(singles: Singles, codebook: ReadonlyMap<string, number>): Int32Array {
  const codeOf = (category: string) => {
    const code = codebook.get(category);
    if (code !== undefined) return code;
    throw new RangeError(`the category "${category}" was not there when it was opened`);
  };
  if (singles.kind === "texts") {
    const known = singles.texts.map((text) => codebook.get(text));
    return singles.codes.map((code) => code < 0 ? -1 : known[code] ?? codeOf(singles.texts[code]));
  }
  const known = new Map<number, number>([[NaN, -1]]), codes = new Int32Array(singles.values.length);
  for (let row = 0; row < codes.length; row++) {
    const value = singles.values[row];
    let code = known.get(value);
    if (code === undefined) known.set(value, code = codeOf(categoryOf(value)));
    codes[row] = code;
  }
  return codes;
}

function categoryOf(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  throw new RangeError(`the value ${value} is no category; name columns of texts or integers`);
}
