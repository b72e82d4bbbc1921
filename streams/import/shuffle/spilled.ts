/**
 * Cells read back from the disk, a range of places at a time.
 *
 * @module
 */

import { closeSync, openSync, readSync } from "node:fs";
import { type Arena, arenaOf, fillParts, noParts, type RecordShape } from "./cell_record.ts";
import type { Room } from "./plan_room.ts";
import { BLOCK_HEAD } from "./spill.ts";

/** The cells of neighbouring places; views that the next ones overwrite. */
export interface LoadedCells {
  /** The place of the first. */
  readonly first: number;
  readonly arena: Arena;
  /** Word of the arena at which the record of each cell begins. */
  readonly starts: Uint32Array;
}

/** Cells on the disk. Throws a `RangeError` where the file is not as it was written. */
export interface Spilled {
  /** The cells of all places from `from` on, in order, as many at a time as there is room for. */
  loads(from: number): Generator<LoadedCells>;
  close(): void;
}

/** A block: where its records begin, in bytes, and their words. */
interface Block {
  readonly at: number;
  readonly words: number;
}

const NOWHERE = 2 ** 32 - 1;

/** Opens the first `bytes` bytes of the file at `path`, which hold `cells` cells. */
export function openSpilled(
  path: string,
  { shape, room, bytes, cells }: {
    readonly shape: RecordShape;
    readonly room: Room;
    readonly bytes: number;
    readonly cells: number;
  },
): Spilled {
  const file = openSync(path, "r"), parts = noParts();
  const table = blocksOf(file, room.buckets, bytes);
  const largest = table.flat().reduce((most, { words }) => Math.max(most, words), 0);
  let arena = arenaOf(0);

  function reserve(words: number): void {
    if (words <= arena.words.length) return;
    // Given back before, not when the collector comes: two of them would not fit into memory.
    arena.words.buffer.transfer(0);
    arena = arenaOf(words);
  }
  /** Reads a block into the arena at word `at`. */
  function read(block: Block, at: number): void {
    for (let done = 0; done < 4 * block.words;) {
      const got = readSync(
        file,
        arena.bytes,
        4 * at + done,
        4 * block.words - done,
        block.at + done,
      );
      if (got === 0) throw new RangeError("Cannot read cells back: their file has lost its end");
      done += got;
    }
  }
  /** Loads the cells of the places `from … to - 1`, which are all in these blocks. */
  function load(blocks: readonly Block[], from: number, to: number): LoadedCells {
    const starts = new Uint32Array(to - from).fill(NOWHERE);
    let kept = 0;
    for (const block of blocks) {
      read(block, kept);
      for (let at = kept, stop = kept + block.words; at < stop;) {
        const { end } = fillParts(parts, arena.words, shape, at), place = arena.words[at];
        if (place >= from && place < to) {
          if (at !== kept) arena.words.copyWithin(kept, at, end);
          starts[place - from] = kept;
          kept += end - at;
        }
        at = end;
      }
    }
    if (starts.includes(NOWHERE)) throw new RangeError("Cannot read cells back: some are missing");
    return { first: from, arena, starts };
  }
  /** Where to cut a bucket that is larger than there is room for: the places behind each part. */
  function cuts(blocks: readonly Block[], from: number, to: number): number[] {
    reserve(largest);
    const sizes = new Uint32Array(to - from), ends: number[] = [];
    for (const block of blocks) {
      read(block, 0);
      for (let at = 0; at < block.words; at = parts.end) {
        fillParts(parts, arena.words, shape, at);
        const place = arena.words[at];
        if (place >= from && place < to) sizes[place - from] = parts.end - at;
      }
    }
    let sum = 0, most = 0;
    sizes.forEach((size, i) => {
      if (sum > 0 && sum + size > room.loaded) {
        ends.push(from + i);
        sum = 0;
      }
      sum += size;
      most = Math.max(most, sum);
    });
    reserve(most + largest);
    return [...ends, to];
  }

  return {
    *loads(from) {
      for (let bucket = Math.floor(from / room.places); bucket < room.buckets; bucket++) {
        const blocks = table[bucket], size = blocks.reduce((sum, { words }) => sum + words, 0);
        const last = Math.min(cells, (bucket + 1) * room.places);
        let first = Math.max(from, bucket * room.places);
        const whole = size <= room.loaded;
        if (whole) reserve(size);
        for (const end of whole ? [last] : cuts(blocks, first, last)) {
          if (end > first) yield load(blocks, first, end);
          first = end;
        }
      }
    },
    close: () => closeSync(file),
  };
}

/** Finds the blocks of each bucket. */
function blocksOf(file: number, buckets: number, bytes: number): Block[][] {
  const table: Block[][] = Array.from({ length: buckets }, () => []);
  const head = new Uint32Array(BLOCK_HEAD);
  const headBytes = new Uint8Array(head.buffer);
  let at = 0;
  while (at < bytes) {
    const got = readSync(file, headBytes, 0, headBytes.length, at);
    const [bucket, words] = head;
    if (got < headBytes.length || bucket >= buckets) break;
    table[bucket].push({ at: at + headBytes.length, words });
    at += headBytes.length + 4 * words;
  }
  if (at !== bytes) throw new RangeError("Cannot read cells back: their file is damaged");
  return table;
}
