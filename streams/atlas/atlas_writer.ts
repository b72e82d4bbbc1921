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
import { groupBuilder } from "./cell_group.ts";
import { encodeGroup, schemaOf } from "./encode_group.ts";
import { type Layout, VOCABULARY_NOTE } from "./layout.ts";
import { type Manifest, MANIFEST_FILE } from "./manifest.ts";

/** Writes the files; throws what the file system throws, and `InputError`s. */
export interface AtlasWriter {
  append(batch: AtlasBatch): void;
  /** Writes what is left and the manifest. */
  finish(): Manifest;
  /** Closes what is open. */
  close(): void;
}

const SHARD_BYTES = 2 ** 30;
const VOCABULARY_FILE = "vocabulary.txt";

/** Begins an atlas in `folder`, an empty folder. */
export function atlasWriter(folder: string, input: AtlasInput): AtlasWriter {
  const { vocabulary, values, columns, numbers, shardBytes = SHARD_BYTES } = input;
  const layout: Layout = { genes: vocabulary.symbols.length, values, columns, numbers };
  const symbols = vocabulary.symbols.map((symbol) => `${symbol}\n`).join("");
  const sha256 = createHash("sha256").update(symbols).digest("hex");
  const notes = [{ key: VOCABULARY_NOTE, value: sha256 }];
  const group = groupBuilder(layout), shards: Manifest["shards"][number][] = [];
  let shard: ShardWriter | undefined, name = "", largest = 0, cells = 0;

  function flush(): void {
    if (group.size() === 0) return;
    if (!shard) {
      name = `cells-${String(shards.length).padStart(5, "0")}.parquet`;
      shard = shardWriter(join(folder, name));
    }
    const taken = group.take();
    for (const value of taken.values) if (value > largest) largest = value;
    shard.write(taken.offsets.length - 1, encodeGroup(layout, taken));
    if (shard.bytes() >= shardBytes) finishShard();
  }
  function finishShard(): void {
    if (!shard) return;
    shards.push({ file: name, ...shard.finish(schemaOf(layout, largest), notes) });
    shard = undefined;
    largest = 0;
  }

  return {
    append(batch) {
      checkBatch(batch, layout);
      for (let i = 0; i + 1 < batch.offsets.length; i++) {
        if (group.isFullFor(batch, i)) flush();
        group.add(batch, i, cells++);
      }
    },
    finish() {
      flush();
      finishShard();
      if (cells === 0) {
        throw new InputError({ message: "Cannot write an atlas: there are no cells" });
      }
      const manifest: Manifest = {
        format: "gil-atlas",
        version: 1,
        vocabulary: { file: VOCABULARY_FILE, genes: layout.genes, sha256 },
        values,
        cells,
        columns: columns.map(({ name, categories }) => ({ name, categories })),
        numbers,
        shards,
        order: input.order ?? "as given",
        provenance: input.provenance,
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
