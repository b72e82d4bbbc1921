/**
 * The files of an atlas, written batch by batch into a folder that exists.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { type ShardWriter, shardWriter } from "../parquet/shard_writer.ts";
import { type AtlasBatch, type AtlasInput, checkBatch } from "./atlas_input.ts";
import { groupBuilder, type PutCell } from "./cell_group.ts";
import { schemaOf } from "./encode_group.ts";
import { type EncodedGroup, encodeHere, type GroupEncoder } from "./group_encoder.ts";
import { type Layout, VOCABULARY_NOTE } from "./layout.ts";
import { type Manifest, MANIFEST_FILE } from "./manifest.ts";

/** Writes the files; throws what the file system throws, and `InputError`s. */
export interface AtlasWriter {
  append(batch: AtlasBatch): Promise<void>;
  /** Appends cells that are as an atlas of its layout has them: nobody looks at them again. */
  place(cells: PlacedCells): Promise<void>;
  /** The shards that are finished, for good. */
  shards(): Manifest["shards"];
  /** Writes what is left and the manifest. */
  finish(): Promise<Manifest>;
  /** Closes what is open. */
  close(): void;
}

/** Cells that are put into their places one by one. */
export interface PlacedCells {
  readonly count: number;
  /** The entries of cell `i`. */
  entriesOf(i: number): number;
  /** Puts the cell whose entries were asked for last: its genes ascending, none of value zero. */
  readonly put: PutCell;
}

/** How an atlas is written. */
export interface WriterOptions {
  /** Who encodes; this thread unless given. */
  readonly encoder?: GroupEncoder;
  /** Shards that are there already: the cells that come are those behind them. */
  readonly shards?: Manifest["shards"];
}

const SHARD_BYTES = 2 ** 30;
const VOCABULARY_FILE = "vocabulary.txt";

/** Writes an atlas into `folder`, which holds nothing but the shards that are there already. */
export function atlasWriter(
  folder: string,
  input: Omit<AtlasInput, "batches">,
  { encoder = encodeHere, shards: before = [] }: WriterOptions = {},
): AtlasWriter {
  const { vocabulary, values, columns, numbers, shardBytes = SHARD_BYTES } = input;
  const layout: Layout = { genes: vocabulary.symbols.length, values, columns, numbers };
  const symbols = vocabulary.symbols.map((symbol) => `${symbol}\n`).join("");
  const sha256 = createHash("sha256").update(symbols).digest("hex");
  const notes = [{ key: VOCABULARY_NOTE, value: sha256 }];
  const group = groupBuilder(layout), shards = [...before];
  const waiting: (EncodedGroup | Promise<EncodedGroup>)[] = [];
  let shard: ShardWriter | undefined, name = "", largest = 0;
  let cells = shards.reduce((sum, { rows }) => sum + rows, 0);

  async function flush(ahead: number): Promise<void> {
    if (group.size() > 0) waiting.push(encoder.encode(layout, group.take()));
    while (waiting.length > ahead) write(await waiting.shift()!);
  }
  function write(encoded: EncodedGroup): void {
    if (!shard) {
      name = `cells-${String(shards.length).padStart(5, "0")}.parquet`;
      shard = shardWriter(join(folder, name));
    }
    shard.write(encoded.rows, encoded.chunks);
    largest = Math.max(largest, encoded.largest);
    group.giveBack(encoded.group);
    encoder.giveBack(encoded);
    if (shard.bytes() >= shardBytes) finishShard();
  }
  function finishShard(): void {
    if (!shard) return;
    shards.push({ file: name, ...shard.finish(schemaOf(layout, largest), notes) });
    shard = undefined;
    largest = 0;
  }

  return {
    async append(batch) {
      checkBatch(batch, layout);
      for (let i = 0; i + 1 < batch.offsets.length; i++) {
        const entries = batch.offsets[i + 1] - batch.offsets[i];
        if (group.isFullFor(entries)) await flush(encoder.ahead);
        group.add(batch, i, cells++);
      }
    },
    async place({ count, entriesOf, put }) {
      for (let i = 0; i < count; i++) {
        const entries = entriesOf(i);
        if (group.isFullFor(entries)) await flush(encoder.ahead);
        group.place(entries, put);
        cells++;
      }
    },
    shards: () => shards,
    async finish() {
      await flush(0);
      finishShard();
      if (cells === 0) {
        throw new InputError({ message: "Cannot write an atlas: there are no cells" });
      }
      const { order = "as given", seed, provenance } = input;
      const manifest: Manifest = {
        format: "gil-atlas",
        version: 1,
        vocabulary: { file: VOCABULARY_FILE, genes: layout.genes, sha256 },
        values,
        cells,
        columns: columns.map(({ name, categories }) => ({ name, categories })),
        numbers,
        shards,
        order,
        ...(seed !== undefined && { seed }),
        provenance,
      };
      put(join(folder, VOCABULARY_FILE), symbols);
      put(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 2)}\n`);
      return manifest;
    },
    close: () => shard?.close(),
  };
}

/** Writes a text file and brings it to the disk. */
function put(path: string, text: string): void {
  const file = openSync(path, "wx");
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
