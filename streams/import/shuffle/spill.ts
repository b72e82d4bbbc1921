/**
 * Cells on the disk, collected by bucket: one file of blocks, each of records of one bucket.
 *
 * A block begins with two words: its bucket and the words of its records. One file, not one a bucket:
 * it is written from beginning to end, brought to the disk at once, and there may be any number of
 * buckets.
 *
 * @module
 */

import { closeSync, fdatasync, openSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import {
  arenaOf,
  fillRecord,
  mostWords,
  type RecordRows,
  type RecordShape,
} from "./cell_record.ts";
import { largestRecord, type Room } from "./plan_room.ts";

/** The words that a block begins with. */
export const BLOCK_HEAD = 2;

/** A file that cells are written to; throws what the file system throws. */
export interface Spill {
  /** Adds all cells of a batch; `placeOf` says the place of its cell `i`. */
  add(rows: RecordRows, placeOf: (i: number) => number): void;
  /** Writes what is held; returns the bytes of the file. */
  flush(): number;
  /** Brings what was written to the disk. */
  sync(): Promise<void>;
  close(): void;
}

const synced = promisify(fdatasync);

/** Opens the file at `path` and goes on behind its first `bytes` bytes. */
export function openSpill(
  path: string,
  { shape, room, bytes }: {
    readonly shape: RecordShape;
    readonly room: Room;
    readonly bytes: number;
  },
): Spill {
  const { buckets, places, slot } = room;
  const file = openSync(path, bytes === 0 ? "w" : "r+");
  // The last slot is for records that are larger than a slot.
  const size = BLOCK_HEAD + slot, large = buckets * size;
  const arena = arenaOf(large + BLOCK_HEAD + largestRecord(shape));
  const used = new Uint32Array(buckets);
  const cell = { shape, rows: undefined as unknown as RecordRows, i: 0, place: 0 };
  let end = bytes;

  function write(bucket: number, from: number, words: number): void {
    arena.words[from] = bucket;
    arena.words[from + 1] = words;
    const first = 4 * from, last = 4 * (from + BLOCK_HEAD + words);
    for (let at = first; at < last;) {
      const written = writeSync(file, arena.bytes, at, last - at, end);
      at += written;
      end += written;
    }
  }
  function writeSlot(bucket: number): void {
    if (used[bucket] > 0) write(bucket, bucket * size, used[bucket]);
    used[bucket] = 0;
  }

  return {
    add(rows, placeOf) {
      cell.rows = rows;
      for (let i = 0; i + 1 < rows.offsets.length; i++) {
        cell.i = i;
        cell.place = placeOf(i);
        const bucket = Math.floor(cell.place / places);
        const most = mostWords(shape, rows.offsets[i + 1] - rows.offsets[i]);
        if (most > slot) {
          const from = large + BLOCK_HEAD;
          write(bucket, large, fillRecord(arena, from, cell) - from);
          continue;
        }
        if (used[bucket] + most > slot) writeSlot(bucket);
        const from = bucket * size + BLOCK_HEAD;
        used[bucket] = fillRecord(arena, from + used[bucket], cell) - from;
      }
    },
    flush() {
      for (let bucket = 0; bucket < buckets; bucket++) writeSlot(bucket);
      return end;
    },
    sync: () => synced(file),
    close: () => closeSync(file),
  };
}
