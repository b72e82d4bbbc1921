/**
 * An atlas on disk as a source.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { createHash } from "node:crypto";
import type { InputError } from "../../core/errors.ts";
import type { Source } from "../../core/source.ts";
import { attempt } from "../attempt.ts";
import type { Blocks } from "../reading/blocks.ts";
import { sourceOf } from "../reading/read_blocks.ts";
import type { Manifest } from "./manifest.ts";
import { readManifest } from "./read_manifest.ts";
import { openShard } from "./shard.ts";
import { type ShardReader, shardReader } from "./shard_reader.ts";

/** An opened atlas: a source, and its row groups for those who want more than batches. */
export interface Atlas extends Source, Blocks {
  readonly folder: string;
  readonly manifest: Manifest;
  open(): ShardReader;
}

/**
 * Opens the atlas in `folder`: manifest, vocabulary and the footers of all shards are read and held
 * against each other; cells are read when they are asked for. Closing the scope closes every file
 * that an unfinished iteration still has open.
 *
 * @example Read an atlas in a random order
 * ```ts
 * import { Effect } from "effect";
 * import { keyOf, openAtlas } from "gil";
 *
 * const program = Effect.scoped(Effect.gen(function* () {
 *   const atlas = yield* openAtlas("atlases/pbmc");
 *   return yield* Effect.promise(async () => {
 *     let cells = 0;
 *     for await (const batch of atlas.read({ batch: 512, order: keyOf(1) })) {
 *       cells += batch.cells.length;
 *     }
 *     return cells;
 *   });
 * }));
 * ```
 */
export const openAtlas: (folder: string) => Effect.Effect<Atlas, InputError, Scope.Scope> = Effect
  .fn("openAtlas")(function* (folder: string) {
    const { manifest, vocabulary } = yield* readManifest(folder);
    const { values, columns, numbers } = manifest, { genes, sha256 } = manifest.vocabulary;
    const layout = { genes, sha256, values, columns, numbers };
    const shards = yield* attempt(
      `Cannot open atlas "${folder}"`,
      () => manifest.shards.map((entry) => openShard(folder, entry, layout)),
    );
    const readers = yield* Effect.acquireRelease(
      Effect.sync(() => new Set<ShardReader>()),
      (readers) =>
        Effect.promise(() => Promise.all(Array.from(readers, (reader) => reader.close()))),
    );
    const blocks = {
      vocabulary,
      values,
      columns,
      sizes: shards.flatMap(({ sizes }) => sizes),
      open(): ShardReader {
        const reader = shardReader(shards, layout);
        readers.add(reader);
        return {
          ...reader,
          async close() {
            readers.delete(reader);
            await reader.close();
          },
        };
      },
    };
    const fingerprint = createHash("sha256").update(JSON.stringify(manifest)).digest("hex");
    return { folder, manifest, ...blocks, ...sourceOf(blocks), fingerprint };
  });
