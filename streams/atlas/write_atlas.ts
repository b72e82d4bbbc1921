/**
 * Writes an atlas: a folder of Parquet shards that appears when it is complete, or not at all.
 *
 * @module
 */

import { Effect } from "effect";
import type { InputError } from "../../core/errors.ts";
import { attempt, attemptAsync } from "../attempt.ts";
import type { AtlasInput } from "./atlas_input.ts";
import { atlasWriter } from "./atlas_writer.ts";
import { checkNames } from "./check_names.ts";
import { inTurn } from "./in_turn.ts";
import type { Manifest } from "./manifest.ts";
import { openStaging } from "./staging.ts";

export type { AtlasBatch, AtlasInput } from "./atlas_input.ts";

/**
 * Writes the cells into `folder`, which must not exist or be empty, and returns its manifest.
 *
 * Memory holds one row group and one batch, and the files are the same however the cells are cut
 * into batches. Everything is written to a folder beside `folder` and renamed at the end; on failure
 * or interruption nothing stays behind. Genes must be within the vocabulary and none twice in a cell,
 * values finite and not zero, counts whole and positive. What the batches throw comes out as it is.
 */
export const writeAtlas: (
  folder: string,
  input: AtlasInput,
) => Effect.Effect<Manifest, InputError> = Effect.fn("writeAtlas")(
  function* (folder: string, input: AtlasInput) {
    const doing = `Cannot write atlas "${folder}"`;
    yield* attempt(doing, () => checkNames(input));
    return yield* Effect.acquireUseRelease(
      attempt(doing, () => openStaging(folder)),
      (staging) =>
        Effect.acquireUseRelease(
          attempt(doing, () => atlasWriter(staging.path, input)),
          (writer) =>
            inTurn(doing, input.batches, (batch) => writer.append(batch)).pipe(
              Effect.andThen(attemptAsync(doing, () => writer.finish())),
              Effect.tap(attempt(doing, () => staging.publish())),
            ),
          (writer) => Effect.sync(() => writer.close()),
        ),
      (staging) => Effect.sync(() => staging.discard()),
    );
  },
);
