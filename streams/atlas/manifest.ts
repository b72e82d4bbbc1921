/**
 * `atlas.json`: what an atlas holds and which files it consists of.
 *
 * @module
 */

import { Schema } from "effect";
import { Count } from "../../core/quantities.ts";

/** The name of the manifest within an atlas folder. */
export const MANIFEST_FILE = "atlas.json";

/** A file beside the manifest: a plain name, so that no manifest can point outside its folder. */
const FileName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
    expected: "a plain file name: letters, digits, dot, dash and underscore",
  }),
);
const Sha256 = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{64}$/, { expected: "a SHA-256 hash in lower-case hexadecimal" }),
);

/** What `atlas.json` says. */
export const Manifest = Schema.Struct({
  format: Schema.Literal("gil-atlas"),
  version: Schema.Literal(1),
  /** Gene symbols in id order, one a line, in a file of their own; the hash is of that file. */
  vocabulary: Schema.Struct({ file: FileName, genes: Count, sha256: Sha256 }),
  values: Schema.Literals(["counts", "log1p"]),
  cells: Count,
  /** Columns of categories, in code order. */
  columns: Schema.Array(
    Schema.Struct({ name: Schema.String, categories: Schema.Array(Schema.String) }),
  ),
  /** Columns of numbers. */
  numbers: Schema.Array(Schema.String),
  /** Parquet files whose rows, end to end, are the cells. */
  shards: Schema.Array(
    Schema.Struct({ file: FileName, rows: Count, bytes: Count, sha256: Sha256 }),
  ),
  /** Whether neighbouring rows are related, as they come from a study, or in a random order. */
  order: Schema.Literals(["as given", "shuffled"]),
  /** The seed that the cells were shuffled with, where that is known. */
  seed: Schema.optionalKey(Count),
  /** Where the cells come from, in words. */
  provenance: Schema.String,
});
/** What `atlas.json` says. */
export type Manifest = typeof Manifest.Type;
