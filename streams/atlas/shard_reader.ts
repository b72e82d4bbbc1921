/**
 * The row groups of an atlas as blocks of cells.
 *
 * @module
 */

import { type FileHandle, open } from "node:fs/promises";
import { InputError } from "../../core/errors.ts";
import { explain } from "../attempt.ts";
import type { BlockReader } from "../reading/blocks.ts";
import { chunkOf } from "../parquet/chunk.ts";
import {
  type ColumnPlace,
  readCodesInto,
  readListInto,
  readNumbersInto,
} from "../parquet/read_column.ts";
import { cellFault } from "./cell_fault.ts";
import { COUNTS, GENES, type Layout } from "./layout.ts";
import type { Shard } from "./shard.ts";

/** Reads the blocks of an atlas. */
export interface ShardReader extends BlockReader {
  /** A number column of a block; NaN where a cell has none. */
  numbers(block: number, column: string): Promise<Float64Array>;
}

/** Arrays that a slot keeps from block to block: fresh memory costs seven times a copy. */
interface Slot {
  genes: Uint32Array;
  values: Float32Array;
}

/** Begins to read; at most one shard is open at a time. */
export function shardReader(shards: readonly Shard[], layout: Layout): ShardReader {
  const places = shards.flatMap((shard) => shard.sizes.map((_, group) => ({ shard, group })));
  const codebooks = new Map(layout.columns.map(({ name, categories }) => [
    name,
    new Map(categories.map((category, code) => [category, code])),
  ]));
  const slots: Slot[] = [];
  let opened: { readonly shard: Shard; readonly file: Promise<FileHandle> } | undefined;
  let bytes = new Uint8Array(0), closed = false;

  const rowsOf = (block: number) => places[block].shard.sizes[places[block].group];
  const codesOf = (name: string) => (text: string) => {
    const code = codebooks.get(name)!.get(text);
    if (code !== undefined) return code;
    throw new RangeError(`column "${name}" has the unknown category "${text}"`);
  };
  function memory(length: number): Uint8Array {
    if (bytes.length < length) bytes = new Uint8Array(Math.ceil(length * 1.25));
    return bytes;
  }
  async function shut(): Promise<void> {
    const file = opened?.file;
    opened = undefined;
    // Whoever asked for the file hears why it could not be opened.
    await file?.then((handle) => handle.close(), () => undefined);
  }
  async function fileOf(shard: Shard): Promise<FileHandle> {
    if (closed) throw new RangeError("the atlas is closed");
    if (opened?.shard !== shard) {
      await shut();
      opened = { shard, file: open(shard.path, "r") };
    }
    return await opened.file;
  }
  async function column<A>(
    block: number,
    name: string,
    read: (place: ColumnPlace) => Promise<A>,
  ): Promise<A> {
    const { shard, group } = places[block], { metadata, size } = shard;
    try {
      const chunk = chunkOf(metadata, group, shard.leaves.get(name)!, size);
      return await read({ file: await fileOf(shard), size, metadata, group, chunk, memory });
    } catch (cause) {
      throw damaged(shard, group, cause);
    }
  }

  return {
    async codes(block, columns) {
      const obs: [string, Int32Array][] = [];
      for (const name of columns) {
        const codes = new Int32Array(rowsOf(block)), known = codesOf(name);
        await column(block, name, (place) => readCodesInto(codes, place, known));
        obs.push([name, codes]);
      }
      return Object.fromEntries(obs);
    },
    async numbers(block, name) {
      const numbers = new Float64Array(rowsOf(block));
      await column(block, name, (place) => readNumbersInto(numbers, place));
      return numbers;
    },
    async entries(block, slot) {
      const rows = rowsOf(block), offsets = new Uint32Array(rows + 1);
      const kept = slots[slot] ??= { genes: new Uint32Array(0), values: new Float32Array(0) };
      const entries = await column(block, GENES, (place) => {
        if (kept.genes.length < place.chunk.values) kept.genes = new Uint32Array(roomFor(place));
        return readListInto(offsets, kept.genes, place);
      });
      await column(block, COUNTS, async (place) => {
        if (kept.values.length < place.chunk.values) kept.values = new Float32Array(roomFor(place));
        const others = new Uint32Array(rows + 1);
        await readListInto(others, kept.values, place);
        for (let row = 0; row <= rows; row++) {
          if (others[row] === offsets[row]) continue;
          throw new RangeError("a cell has not as many values as genes");
        }
        for (let row = 0; row < rows; row++) {
          const fault = cellFault(kept, { from: offsets[row], to: offsets[row + 1] }, layout);
          if (fault) throw new RangeError(`cell ${row} is wrong: ${fault}`);
        }
      });
      return {
        offsets,
        genes: kept.genes.subarray(0, entries),
        values: kept.values.subarray(0, entries),
      };
    },
    async close() {
      closed = true;
      await shut();
    },
  };
}

/** A little more than a column needs, so that the next one fits too. */
const roomFor = ({ chunk }: ColumnPlace): number => Math.ceil(chunk.values * 1.25);

function damaged(shard: Shard, group: number, cause: unknown): InputError {
  const doing = `Cannot read atlas shard "${shard.name}", row group ${group}`;
  const why = cause instanceof Error ? cause.message : String(cause);
  return explain(doing, cause) ??
    new InputError({ message: `${doing}: ${why}; copy or import the atlas again` });
}
