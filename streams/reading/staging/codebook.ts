/**
 * Categories by their texts.
 *
 * @module
 */

import type { Column } from "../../../core/source.ts";

/** The code of a text in the column called `name`; a RangeError for a text that is no category. */
export function codebook(columns: readonly Column[], name: string): (text: string) => number {
  const { categories } = columns.find((column) => column.name === name)!;
  const codes = new Map(categories.map((category, code) => [category, code]));
  return (text) => {
    const code = codes.get(text);
    if (code !== undefined) return code;
    throw new RangeError(`column "${name}" has the unknown category "${text}"`);
  };
}
