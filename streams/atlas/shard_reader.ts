/**
 * The columns that describe the cells of an atlas, row group by row group.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import { isFast } from "../parquet/chunk.ts";
import { decodeCodesInto, decodeNumbersInto } from "../parquet/decode_single.ts";
import { type Piece, planPiece } from "../parquet/piece.ts";
import type { SlowColumn } from "../parquet/slow_column.ts";
import { codebook } from "../reading/staging/codebook.ts";
import { faultOf } from "../reading/staging/reader_settings.ts";
import { shelfOf } from "../reading/staging/shelf.ts";
import { appendCodes, appendNumbers } from "../reading/staging/slow_columns.ts";
import type { KnownShards } from "./open_shards.ts";
import { readingFailure } from "./reading_failure.ts";
import type { AtlasLayout } from "./shard.ts";

/** Reads columns of row groups, which are the blocks of an atlas; asked for one thing at a time. */
export interface ShardReader {
  /** Category codes of the block's cells in these columns; -1 where a cell has none. */
  codes(block: number, columns: readonly string[]): Promise<CellBatch["obs"]>;
  /** A number column of a block; NaN where a cell has none. */
  numbers(block: number, column: string): Promise<Float64Array>;
  /** Closes whatever is open. */
  close(): Promise<void>;
}

/** A column of a row group as it was read: in one way or the other. */
interface Read {
  readonly fast?: { readonly piece: Piece; readonly bytes: Uint8Array };
  readonly slow?: SlowColumn;
}

/** Begins to read. */
export function shardReader(
  { shards, groups, sizes }: KnownShards,
  layout: AtlasLayout,
): ShardReader {
  const shelf = shelfOf(shards, [
    ...layout.columns.map(({ name }) => name),
    ...layout.numbers,
  ]);
  const places = groups.flatMap((count, shard) =>
    Array.from({ length: count }, (_, group) => ({ shard, group }))
  );
  const codebooks = new Map(
    layout.columns.map(({ name }) => [name, codebook(layout.columns, name)]),
  );

  /** Reads a column and has it appended to an array of its cells. */
  async function column(
    block: number,
    name: string,
    append: (read: Read) => void,
  ): Promise<void> {
    const { shard, group } = places[block], rows = { from: 0, to: sizes.cells[block] };
    try {
      const { columns } = await shelf.shard(shard);
      const piece = planPiece(columns.get(name)!, group, rows);
      if (!isFast(piece.chunk)) {
        const reader = await shelf.slow(shard);
        return append({ slow: await reader.read(name, group, rows) });
      }
      const [{ from, to }] = piece.ranges, bytes = new Uint8Array(to - from);
      await (await shelf.bytes(shard)).read(bytes, from);
      append({ fast: { piece, bytes } });
    } catch (cause) {
      throw readingFailure(shards, faultOf(cause), { shard, group });
    }
  }
  return {
    async codes(block, names) {
      const obs: [string, Int32Array][] = [];
      for (const name of names) {
        const codes = new Int32Array(sizes.cells[block]);
        const target = { codes, row: 0, codeOf: codebooks.get(name)! };
        await column(block, name, ({ fast, slow }) => {
          if (fast) decodeCodesInto(target, fast.piece, [fast.bytes]);
          else appendCodes(target, slow!);
        });
        obs.push([name, codes]);
      }
      return Object.fromEntries(obs);
    },
    async numbers(block, name) {
      const numbers = new Float64Array(sizes.cells[block]), target = { numbers, row: 0 };
      await column(block, name, ({ fast, slow }) => {
        if (fast) decodeNumbersInto(target, fast.piece, [fast.bytes]);
        else appendNumbers(target, slow!);
      });
      return numbers;
    },
    close: shelf.close,
  };
}
