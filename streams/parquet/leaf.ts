/**
 * One stored column, found by name in a Parquet schema.
 *
 * @module
 */

import type { ParquetType } from "hyparquet";
import type { Meaning, SchemaNode } from "./schema_node.ts";

/** What decoding has to know of a column. */
export interface Leaf {
  readonly path: readonly string[];
  readonly type: ParquetType;
  /** Whether integers are to be read as unsigned. */
  readonly unsigned: boolean;
  /** Whether all values are integers from 0 to 65,535. */
  readonly short: boolean;
  /** What numbers stand for that are more than numbers. */
  readonly meaning?: Meaning | undefined;
  /** 1 for a list, 0 for a column of single values. */
  readonly lists: number;
  /** Definition level of a value; everything below is null, or a list without elements. */
  readonly defined: number;
  /** Lists: definition level from which there is an element. */
  readonly element: number;
}

/** The list or column of single values called `name`; undefined where the file has none. */
export function leafOf(schema: readonly SchemaNode[], name: string): Leaf | undefined {
  let at = placesOf(schema).find((at) => schema[at].name === name);
  if (at === undefined) return undefined;
  const nodes = [schema[at]];
  while (schema[at].children === 1 && ++at < schema.length) nodes.push(schema[at]);
  const last = nodes[nodes.length - 1], { type, unsigned, bits, meaning } = last;
  const lists = nodes.filter(({ repetition }) => repetition === "repeated").length;
  if (last.children > 0 || !type || lists > 1) return undefined;
  const defined = nodes.filter(({ repetition }) => repetition !== "required").length;
  return {
    path: nodes.map(({ name }) => name),
    type,
    unsigned,
    meaning: type === "INT96" ? "timestamps" : meaning,
    short: unsigned && type === "INT32" && bits <= 16,
    lists,
    defined,
    element: last.repetition === "optional" ? defined - 1 : defined,
  };
}

/** The columns by name, those within others left out. */
export const columnNames = (schema: readonly SchemaNode[]): string[] =>
  placesOf(schema).map((at) => schema[at].name);

/** Where the columns stand in a schema, whose nodes stand before their children. */
function placesOf(schema: readonly SchemaNode[]): number[] {
  const places: number[] = [];
  for (let at = 1, left = schema[0]?.children ?? 0; left > 0 && at < schema.length; left--) {
    places.push(at);
    for (let open = 1; open > 0 && at < schema.length; at++) open += schema[at].children - 1;
  }
  return places;
}
