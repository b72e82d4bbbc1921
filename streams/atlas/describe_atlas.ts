/**
 * What an atlas holds, counted.
 *
 * @module
 */

import { Effect } from "effect";
import type { InputError } from "../../core/errors.ts";
import { attemptAsync } from "../attempt.ts";
import type { Manifest } from "./manifest.ts";
import { openAtlas } from "./open_atlas.ts";

/** What there is to say of an atlas without looking at a gene. */
export interface Description {
  readonly folder: string;
  readonly cells: number;
  readonly genes: number;
  readonly values: Manifest["values"];
  /** Columns of categories, with how many cells have each, and how many have none. */
  readonly columns: readonly {
    readonly name: string;
    readonly categories: readonly { readonly name: string; readonly cells: number }[];
    readonly missing: number;
  }[];
  /** Columns of numbers. */
  readonly numbers: readonly string[];
  readonly shards: Manifest["shards"];
  readonly rowGroups: number;
  /** Bytes of all shards. */
  readonly bytes: number;
  /** SHA-256 of the vocabulary file. */
  readonly vocabularyHash: string;
  readonly order: Manifest["order"];
  readonly provenance: string;
}

/** Describes the atlas in `folder`; only its category columns are read. */
export const describeAtlas: (folder: string) => Effect.Effect<Description, InputError> = Effect.fn(
  "describeAtlas",
)(function* (folder: string) {
  const { manifest, columns, sizes, open } = yield* openAtlas(folder);
  const counts = columns.map(({ categories }) => new Float64Array(categories.length + 1));
  yield* attemptAsync(`Cannot read atlas "${folder}"`, async () => {
    const reader = open(), names = columns.map(({ name }) => name);
    for (let block = 0; block < sizes.length; block++) {
      const obs = await reader.codes(block, names);
      names.forEach((name, c) => {
        for (const code of obs[name]) counts[c][code + 1]++;
      });
    }
  });
  return {
    folder,
    cells: manifest.cells,
    genes: manifest.vocabulary.genes,
    values: manifest.values,
    columns: columns.map(({ name, categories }, c) => ({
      name,
      categories: categories.map((name, code) => ({ name, cells: counts[c][code + 1] })),
      missing: counts[c][0],
    })),
    numbers: manifest.numbers,
    shards: manifest.shards,
    rowGroups: sizes.length,
    bytes: manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0),
    vocabularyHash: manifest.vocabulary.sha256,
    order: manifest.order,
    provenance: manifest.provenance,
  };
}, Effect.scoped);
