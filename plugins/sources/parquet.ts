import { Schema } from "effect";
import { place, required, setting, source } from "../../core/plugin.ts";
import { Count } from "../../core/quantities.ts";
import { openForeign } from "../../streams/foreign/open_foreign.ts";
import { readingSettings } from "../../streams/reading/reading_settings.ts";

const name = Schema.NonEmptyString;

/** Reads Parquet files that others wrote, one row a cell. How they are read changes no cell and no order. */
export const parquet = source({
  id: "parquet",
  purpose: "reads cells from Parquet files of lists of tokens and values, written by anyone",
  config: {
    files: place(required(
      Schema.Union([name, Schema.NonEmptyArray(name)]),
      "a file, a folder of .parquet files, which are read by name, or several of them",
    )),
    vocabulary: place(required(
      name,
      "file of the vocabulary: an object of ids by symbol, as scGPT's vocab.json, or a symbol a line",
    )),
    genes: setting(name, "genes", "column of the lists of token ids"),
    values: setting(name, "expressions", "column of the lists of values"),
    firstGene: setting(
      Count,
      0,
      "token id of the first gene; lower ids, and words in angle brackets, are left out",
    ),
    scale: required(Schema.Literals(["counts", "log1p"]), "what the values are"),
    columns: setting(
      Schema.Array(name),
      [],
      "columns of texts or integers that describe cells; scanned once for their categories",
    ),
    ...readingSettings("files"),
  },
  make: ({ files, workers, ...rest }) =>
    openForeign({
      ...rest,
      files: typeof files === "string" ? [files] : files,
      ...(workers !== null && { workers }),
    }),
});
