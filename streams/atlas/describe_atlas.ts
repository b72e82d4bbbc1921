/**
 * What an atlas holds, counted.
 *
 * @module
 */

import { Effect } from "effect";
import type { InputError } from "../../core/errors.ts";
import { attemptAsync } from "../attempt.ts";
import { labelCounter, type Labels } from "./label_counts.ts";
import type { Manifest } from "./manifest.ts";
import { openAtlas } from "./open_atlas.ts";
import { type StoredColumn, storedColumns } from "./stored_columns.ts";

/** What there is to say of an atlas without looking at a gene. */
export interface Description {
  readonly folder: string;
  readonly cells: number;
  readonly genes: number;
  readonly values: Manifest["values"];
  readonly columns: readonly Labels[];
  /** Columns of numbers. */
  readonly numbers: readonly string[];
  readonly shards: Manifest["shards"];
  readonly rowGroups: number;
  /** Every column as it lies in the files, the lists of genes and values first. */
  readonly stored: readonly StoredColumn[];
  /** Bytes of all shards. */
  readonly bytes: number;
  /** SHA-256 of the vocabulary file. */
  readonly vocabularyHash: string;
  readonly order: Manifest["order"];
  /** The seed that the cells were shuffled with, where that is known. */
  readonly seed?: number;
  readonly provenance: string;
}

/** Describes the atlas in `folder`; only its category columns are read. */
export const describeAtlas: (folder: string) => Effect.Effect<Description, InputError> = Effect.fn(
  "describeAtlas",
)(function* (folder: string) {
  const { manifest, columns, sizes, open } = yield* openAtlas(folder);
  const labels = labelCounter(columns);
  const stored = yield* attemptAsync(`Cannot read atlas "${folder}"`, async () => {
    const reader = open(), names = columns.map(({ name }) => name);
    try {
      for (let block = 0; block < sizes.length; block++) {
        labels.add(await reader.codes(block, names));
      }
    } finally {
      await reader.close();
    }
    return storedColumns(folder, manifest);
  });
  return {
    folder,
    cells: manifest.cells,
    genes: manifest.vocabulary.genes,
    values: manifest.values,
    columns: labels.counts(),
    numbers: manifest.numbers,
    shards: manifest.shards,
    rowGroups: sizes.length,
    stored,
    bytes: manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0),
    vocabularyHash: manifest.vocabulary.sha256,
    order: manifest.order,
    ...(manifest.seed !== undefined && { seed: manifest.seed }),
    provenance: manifest.provenance,
  };
}, Effect.scoped);
