/**
 * What a reader of windows has to know; plain data, so that a worker can be told.
 *
 * @module
 */

import type { AtlasLayout, ShardEntry } from "../../atlas/shard.ts";
import type { ForeignLayout } from "../../foreign/foreign_layout.ts";

/** What to read of the cells of an atlas or of foreign files, and with how much memory. */
export interface ReaderSettings {
  readonly shards: readonly ShardEntry[];
  readonly layout: AtlasLayout | ForeignLayout;
  /** Whether gene ids, or tokens, fit into 16 bits, as the shards have it. */
  readonly short: boolean;
  /** Columns whose codes the batches carry. */
  readonly columns: readonly string[];
  /** 1 at each gene whose entries come; those of all genes unless given. */
  readonly genes?: Uint8Array | undefined;
  /** What happens to cells that cannot be read. */
  readonly onDamage: OnDamage;
  /** Cells in a batch. */
  readonly batch: number;
  /** What the reader may hold. */
  readonly memory: ReaderMemory;
}

/** What a reader may hold. */
export interface ReaderMemory {
  /** Entries for which it makes room at once: those of the largest window that is expected. */
  readonly entries: number;
  /** Bytes for the cells of a window and what they are read from. */
  readonly window: number;
  /** Bytes for batches, those that are lent counted. */
  readonly batches: number;
  /** Bytes that parquet-wasm may take; 0 where it has nothing to read. */
  readonly slow: number;
}

/** "fail": the first damage ends the reading; "skip": the cells are left out of their batches, and counted. */
export type OnDamage = "fail" | "skip";

/** Numbers that whoever watches a reader sees: which place it is working on, and that it is alive. */
export const NOTE = { shard: 0, group: 1, beats: 2, length: 3 } as const;

/** A note of no place. */
export const makeNote = (memory: ArrayBufferLike): Int32Array =>
  new Int32Array(memory, 0, NOTE.length).fill(-1, NOTE.shard, NOTE.group + 1);

/** What went wrong, in a shape that comes through to another thread. */
export interface Fault {
  readonly message: string;
  /** What the operating system calls it. */
  readonly code?: string;
  readonly name: string;
}

/** Something that was thrown, as a fault. */
export function faultOf(cause: unknown): Fault {
  if (!(cause instanceof Error)) return { message: String(cause), name: "Error" };
  const { message, name } = cause;
  return { message, name, ..."code" in cause && { code: String(cause.code) } };
}

/** Cells that were left out. */
export interface Damage {
  readonly shard: number;
  readonly group: number;
  readonly cells: number;
  readonly fault: Fault;
}
