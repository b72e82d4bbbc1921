/**
 * One stored column, found by name in a Parquet schema.
 *
 * @module
 */

import type { FileMetaData, ParquetType, SchemaElement } from "hyparquet";

/** What decoding has to know of a column. */
export interface Leaf {
  readonly path: readonly string[];
  readonly type: ParquetType;
  /** Whether integers are to be read as unsigned. */
  readonly unsigned: boolean;
  /** Whether all values are integers from 0 to 65,535. */
  readonly short: boolean;
  /** 1 for a list, 0 for a column of single values. */
  readonly lists: number;
  /** Definition level of a value; everything below is null, or a list without elements. */
  readonly defined: number;
  /** Lists: definition level from which there is an element. */
  readonly element: number;
}

/** The list or column of single values called `name`; undefined where the file has none. */
export function leafOf({ schema }: FileMetaData, name: string): Leaf | undefined {
  let at = firstNamed(schema, name);
  if (at === undefined) return undefined;
  const nodes = [schema[at]];
  while (childrenOf(schema[at]) === 1 && ++at < schema.length) nodes.push(schema[at]);
  const last = nodes[nodes.length - 1], { type, converted_type, logical_type } = last;
  const lists = nodes.filter(({ repetition_type }) => repetition_type === "REPEATED").length;
  if (childrenOf(last) > 0 || !type || lists > 1) return undefined;
  const defined = nodes.filter(({ repetition_type }) => repetition_type !== "REQUIRED").length;
  const integer = logical_type?.type === "INTEGER" ? logical_type : undefined;
  const unsigned = converted_type?.startsWith("UINT") || (integer && !integer.isSigned) || false;
  return {
    path: nodes.map(({ name }) => name),
    type,
    unsigned,
    short: unsigned && type === "INT32" &&
      (converted_type === "UINT_8" || converted_type === "UINT_16" ||
        (integer?.bitWidth ?? 32) <= 16),
    lists,
    defined,
    element: last.repetition_type === "OPTIONAL" ? defined - 1 : defined,
  };
}

/** Where the column called `name` stands in a schema, whose elements stand before their children. */
function firstNamed(schema: readonly SchemaElement[], name: string): number | undefined {
  for (let at = 1, left = childrenOf(schema[0]); left > 0 && at < schema.length; left--) {
    if (schema[at].name === name) return at;
    for (let open = 1; open > 0 && at < schema.length; at++) open += childrenOf(schema[at]) - 1;
  }
  return undefined;
}

const childrenOf = (element: SchemaElement | undefined): number =>
  Math.max(0, element?.num_children ?? 0);
