/**
 * A column of an opened file, in all its row groups.
 *
 * @module
 */

import type { ByteSource } from "../bytes/byte_source.ts";
import { CHUNK } from "./chunk_map.ts";
import type { Leaf } from "./leaf.ts";
import type { SharedRun } from "./offset_indexes.ts";
import type { PageMap } from "./page_map.ts";

/** What a footer says of a column: plain data, whose memory threads share. */
export interface ColumnMap {
  readonly leaf: Leaf;
  /** Row groups. */
  readonly groups: number;
  /** `CHUNK.length` doubles for each row group. */
  readonly memory: SharedArrayBuffer;
  /** The offset indexes, where there are some. */
  readonly indexes: SharedRun | undefined;
  /** Maps of row groups that have no offset index and are too large to be read whole. */
  readonly maps?: readonly (PageMap | undefined)[];
}

/** A column that pieces can be read of; see `planPiece`. */
export interface TableColumn extends ColumnMap {
  readonly bytes: ByteSource;
  /** `CHUNK.length` numbers for each row group. */
  readonly chunks: Float64Array;
}

/** The column of a map in bytes that are opened. */
export const columnIn = (bytes: ByteSource, map: ColumnMap): TableColumn => ({
  ...map,
  bytes,
  chunks: new Float64Array(map.memory),
});

/** What is known of a column, without the bytes. */
export const mapOf = ({ leaf, groups, memory, indexes }: TableColumn): ColumnMap => ({
  leaf,
  groups,
  memory,
  indexes,
});

/** The offset index of a row group, as it stands in the file; undefined where there is none. */
export function indexOf({ chunks, indexes }: TableColumn, group: number): Uint8Array | undefined {
  const at = group * CHUNK.length, from = chunks[at + CHUNK.index];
  if (!indexes || Number.isNaN(from)) return undefined;
  return new Uint8Array(indexes.memory, from - indexes.from, chunks[at + CHUNK.indexBytes]);
}
