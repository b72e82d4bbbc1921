/**
 * What may be asked of an import.
 *
 * @module
 */

import { Schema } from "effect";
import { setting } from "../../core/plugin.ts";

const Words = Schema.Array(Schema.String);

/** What may be asked of an import, decoded here and nowhere else. */
export const ImportOptions = Schema.Struct({
  matrix: setting(
    Schema.String,
    "X",
    'where the values are in an h5ad file: "X", "raw/X" or "layers/<name>"',
  ),
  symbols: Schema.optionalKey(Schema.String).annotate({
    description:
      'the column of gene symbols, "index" for the names of the columns; found by looking unless given',
  }),
  duplicates: setting(
    Schema.Literals(["sum", "first", "refuse"]),
    "sum",
    "what becomes of columns of the same symbol: their sum, the first of them, or an error",
  ),
  genes: Schema.optionalKey(Words).annotate({
    description: "the vocabulary, in this order; all symbols in code-point order unless given",
  }),
  values: setting(
    Schema.Literals(["counts", "log1p", "recover"]),
    "counts",
    'what the values are: counts; log1p of normalised counts, kept ("log1p") or turned back into counts ("recover")',
  ),
  totals: Schema.optionalKey(Schema.String).annotate({
    description: "recover: the column of each cell's total count",
  }),
  scale: setting(
    Schema.Number.check(Schema.isGreaterThan(0)),
    10_000,
    "recover: the total to which the counts of a cell were normalised",
  ),
  columns: Schema.optionalKey(Words).annotate({
    description: "the columns of cells that are kept; all unless given",
  }),
  categories: setting(Words, [], "columns of numbers that are kept as categories"),
});
/** What may be asked of an import. */
export type ImportOptions = typeof ImportOptions.Type;
