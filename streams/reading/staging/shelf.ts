/**
 * The shards of an atlas, opened when they are needed; files are closed when too many are open.
 *
 * @module
 */

import type { ByteSource } from "../../bytes/byte_source.ts";
import { openBytes } from "../../bytes/open_bytes.ts";
import { isAddress } from "../../bytes/place.ts";
import type { SlowReader } from "../../parquet/slow_column.ts";
import { checkVersion, openShard, type Shard, type ShardEntry } from "../../atlas/shard.ts";

/** Opened shards. */
export interface Shelf {
  /** The shard of this number. */
  shard(number: number): Promise<Shard>;
  /** Its bytes; to be asked for anew for every read. */
  bytes(number: number): Promise<ByteSource>;
  /** A reader of the columns of a shard that our decoder does not know; of one shard at a time. */
  slow(number: number): Promise<SlowReader>;
  /** Closes everything; reads that are under way end with an error. */
  close(): Promise<void>;
}

/** Files that are open at once; addresses hold nothing open. */
const MOST_FILES = 64;

/**
 * Begins with nothing opened; of each shard, only the columns of these names will be read.
 *
 * @param slowBytes Memory for what reads slowly.
 */
export function shelfOf(
  entries: readonly ShardEntry[],
  names: readonly string[],
  slowBytes?: number,
): Shelf {
  const shards: (Promise<Shard> | undefined)[] = [];
  const files = new Map<number, Promise<ByteSource>>(), ending = new AbortController();
  const { signal } = ending;
  let slow: { readonly number: number; readonly bytes: ByteSource; reader: SlowReader } | undefined;

  function keepFile(number: number, file: Promise<ByteSource>): Promise<ByteSource> {
    files.delete(number);
    files.set(number, file);
    for (const [oldest, other] of files) {
      if (files.size <= MOST_FILES) break;
      files.delete(oldest);
      void other.then((bytes) => bytes.close(), () => undefined);
    }
    return file;
  }
  async function opened(number: number): Promise<Shard> {
    signal.throwIfAborted();
    const shard = await openShard(entries[number], names, signal);
    if (!isAddress(shard.entry.place)) void keepFile(number, Promise.resolve(shard.bytes));
    return shard;
  }
  async function reopened(number: number): Promise<ByteSource> {
    signal.throwIfAborted();
    const bytes = await openBytes(entries[number].place, { signal });
    try {
      checkVersion(entries[number], bytes);
      return bytes;
    } catch (cause) {
      await bytes.close();
      throw cause;
    }
  }
  async function closeSlow(): Promise<void> {
    const last = slow;
    slow = undefined;
    last?.reader.close();
    await last?.bytes.close();
  }
  const shard = (number: number) => shards[number] ??= opened(number);
  return {
    shard,
    async bytes(number) {
      const { bytes, entry } = await shard(number);
      if (isAddress(entry.place)) return bytes;
      return await keepFile(number, files.get(number) ?? reopened(number));
    },
    async slow(number) {
      if (slow?.number === number) return slow.reader;
      await closeSlow();
      const { slowReader } = await import("../../parquet/slow_column.ts");
      const bytes = await reopened(number);
      slow = { number, bytes, reader: slowReader(bytes, slowBytes) };
      return slow.reader;
    },
    async close() {
      ending.abort();
      await closeSlow();
      const all = [...files.values(), ...shards.map((shard) => shard?.then(bytesOf))];
      await Promise.all(all.map((each) => each?.then((bytes) => bytes.close(), () => undefined)));
    },
  };
}

const bytesOf = ({ bytes }: Shard): ByteSource => bytes;
