/**
 * An atlas as a source.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { createHash } from "node:crypto";
import { bytesOf } from "../../core/report/amount_of_memory.ts";
import { InputError } from "../../core/errors.ts";
import type { ReadRequest, Source } from "../../core/source.ts";
import { attempt, attemptAsync } from "../attempt.ts";
import { shownPlace } from "../bytes/place.ts";
import type { Lease } from "../reading/pool/leases.ts";
import { workerPool } from "../reading/pool/worker_pool.ts";
import { readingScope } from "../reading/reading_scope.ts";
import { codeScan } from "../reading/scan_codes.ts";
import type { OnDamage } from "../reading/staging/reader_settings.ts";
import { GROUP_CELLS } from "./cell_group.ts";
import type { Manifest } from "./manifest.ts";
import { lookAtShards } from "./open_shards.ts";
import { beginReading, goodWorkers, type KnownAtlas } from "./read_atlas.ts";
import { readManifest } from "./read_manifest.ts";
import { readingFailure } from "./reading_failure.ts";
import { type ShardReader, shardReader } from "./shard_reader.ts";
import { type Skipped, skippedCells } from "./skipped.ts";

/** An opened atlas: a source, and the columns of its row groups for those who want no cells. */
export interface Atlas extends Source {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Cells in each row group. */
  readonly sizes: readonly number[];
  /** As `read`, but lent: a batch is empty once the next is asked for, and nothing is copied. */
  lend(request: ReadRequest): AsyncGenerator<Lease, void, undefined>;
  /** Begins to read columns; nothing is opened before the first is asked for. */
  open(): ShardReader;
  /** Cells that were left out so far, as they could not be read. */
  skipped(): Skipped;
}

/** How an atlas is read; nothing of it changes which cells come, or in which order. */
export interface AtlasOptions {
  /** Workers that decode; 0 is this thread. One or two unless given, none for a small atlas. */
  readonly workers?: number | undefined;
  /** Bytes, or words such as "512MB", which is what it is unless given: what reading may hold. */
  readonly memory?: number | string | undefined;
  /**
   * "fail" unless given; "skip" leaves the cells of damaged row groups out of their batches, of which
   * some may have none then, and counts them.
   */
  readonly onDamage?: OnDamage | undefined;
}

/** What reading may hold unless somebody says otherwise. */
export const MEMORY = "512MB";

/** Reads what an atlas says of itself and the footers of all its shards; nothing stays open. */
export const lookAtAtlas: (place: string) => Effect.Effect<KnownAtlas, InputError> = Effect.fn(
  "lookAtAtlas",
)(function* (place: string) {
  const { manifest, vocabulary } = yield* readManifest(place);
  const { values, columns, numbers } = manifest, { genes, sha256 } = manifest.vocabulary;
  const layout = { genes, sha256, values, columns, numbers };
  const known = yield* attemptAsync(
    `Cannot open atlas "${shownPlace(place)}"`,
    () => lookAtShards(place, manifest, layout),
  );
  const scan = codeScan({
    columns,
    sizes: Array.from(known.sizes.cells),
    open: () => shardReader(known, layout),
  });
  return { manifest, vocabulary, layout, known, scan };
});

/**
 * Opens the atlas in a folder or at an address: manifest, vocabulary and the footers of all shards are
 * read and held against each other; cells are read when they are asked for, within `memory`. Workers
 * stay for the next iteration when one has come to its end. Closing the scope ends them, and every
 * iteration that is not finished with its files.
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
export const openAtlas: (
  place: string,
  options?: AtlasOptions,
) => Effect.Effect<Atlas, InputError, Scope.Scope> = Effect
  .fn("openAtlas")(function* (place: string, options: AtlasOptions = {}) {
    const atlas = yield* lookAtAtlas(place), { manifest, vocabulary, layout, known } = atlas;
    const skipped = skippedCells((fault, at) => readingFailure(known.shards, fault, at));
    const memory = yield* attempt("Cannot open an atlas", () => bytesIn(options.memory));
    const { kept, lend, read } = yield* readingScope("the atlas is closed");
    const means = {
      workers: options.workers ?? goodWorkers(manifest.cells),
      memory,
      onDamage: options.onDamage ?? "fail",
      onDamages: skipped.add,
      pool: kept(workerPool()),
    } as const;
    const begin = (request: ReadRequest) => beginReading(atlas, request, means);
    return {
      folder: place,
      manifest,
      vocabulary,
      cells: manifest.cells,
      values: manifest.values,
      columns: manifest.columns,
      numbers: manifest.numbers,
      sizes: Array.from(known.sizes.cells),
      ...(manifest.order === "shuffled" && { grain: GROUP_CELLS }),
      fingerprint: createHash("sha256").update(JSON.stringify(manifest)).digest("hex"),
      open: () => kept(shardReader(known, layout)),
      lend: lend(begin),
      read: read(begin),
      skipped: skipped.sum,
      warnings: skipped.warnings,
    };
  });

/** Bytes of a setting; throws an InputError for words that are no amount of memory. */
export function bytesIn(memory: number | string = MEMORY): number {
  try {
    return typeof memory === "number" ? memory : bytesOf(memory);
  } catch (cause) {
    throw new InputError({ message: (cause as Error).message });
  }
}
