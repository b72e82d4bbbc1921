/**
 * One stored column, found by name in a Parquet schema.
 *
 * @module
 */

import type { FileMetaData, ParquetType } from "hyparquet";
import {
  getMaxDefinitionLevel,
  getMaxRepetitionLevel,
  getSchemaPath,
} from "hyparquet/src/schema.js";

/** What decoding has to know of a column. */
export interface Leaf {
  readonly path: readonly string[];
  readonly type: ParquetType;
  /** Whether integers are to be read as unsigned. */
  readonly unsigned: boolean;
  /** 1 for a list, 0 for a column of single values. */
  readonly lists: number;
  /** Definition level of a value; everything below is null, or a list without elements. */
  readonly defined: number;
  /** Lists: definition level from which there is an element. */
  readonly element: number;
}

/** The list or column of single values called `name`; undefined where the file has none. */
export function leafOf(metadata: FileMetaData, name: string): Leaf | undefined {
  const nodes = getSchemaPath(metadata.schema, []);
  let node = nodes[0].children.find(({ element }) => element.name === name);
  while (node) {
    nodes.push(node);
    if (node.children.length > 1) return undefined;
    node = node.children[0];
  }
  const last = nodes[nodes.length - 1].element, { type, converted_type, logical_type } = last;
  const lists = getMaxRepetitionLevel(nodes), defined = getMaxDefinitionLevel(nodes);
  if (!type || lists > 1) return undefined;
  const unsigned = converted_type?.startsWith("UINT") ||
    (logical_type?.type === "INTEGER" && !logical_type.isSigned);
  return {
    path: nodes.slice(1).map(({ element }) => element.name),
    type,
    unsigned: unsigned ?? false,
    lists,
    defined,
    element: last.repetition_type === "OPTIONAL" ? defined - 1 : defined,
  };
}
