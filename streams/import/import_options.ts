/**
 * What may be asked of an import.
 *
 * @module
 */

import { Schema } from "effect";
import { setting } from "../../core/plugin.ts";
import { Count } from "../../core/quantities.ts";

const Words = Schema.Array(Schema.String);

/** What may be asked of an import, decoded here and nowhere else. */
export const ImportOptions = Schema.Struct({
  matrix: setting(
    Schema.String,
    "X",
    'where the values are in an h5ad file: "X", "raw/X" or "layers/<name>"',
  ),
  mapping: Schema.optionalKey(Schema.String).annotate({
    description:
      "a JSON file that says what is what in Parquet files that others wrote: vocabulary, genes, values, firstGene, scale, columns",
  }),
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
    description: "the vocabulary, in this order; all symbols unless given",
  }),
  geneOrder: Schema.optionalKey(Schema.Literals(["popularity", "symbols"])).annotate({
    description:
      "the order of the vocabulary: genes that most cells express first, which makes files smaller, or symbols in code-point order; popularity unless given",
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
  categories: setting(
    Words,
    [],
    "columns of numbers, or of texts that name cells, that are kept as categories",
  ),
  keepOrder: setting(
    Schema.Boolean,
    false,
    "leave the cells in their order; else they are shuffled",
  ),
  seed: setting(Count, 1, "the seed that names the order of shuffled cells"),
  memory: setting(
    Schema.String,
    "512MB",
    "memory that the whole import may take; another amount gives the same atlas",
  ),
});
/** What may be asked of an import. */
export type ImportOptions = typeof ImportOptions.Type;
