/**
 * Parquet files that others wrote as an input, by a mapping that says what is what in them.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Effect, Schema, type Scope } from "effect";
import { decode } from "../../../core/decode.ts";
import { type ExperimentError, InputError } from "../../../core/errors.ts";
import { setting } from "../../../core/plugin.ts";
import { Count } from "../../../core/quantities.ts";
import { attempt } from "../../attempt.ts";
import { openForeign } from "../../foreign/open_foreign.ts";
import type { CountMatrix, ReadOptions } from "../count_matrix.ts";
import { tryReading, unreadable } from "../unreadable.ts";
import { sourceMatrix } from "./source_matrix.ts";

/** What a mapping says: the settings of the source `parquet`, but for the files. */
const Mapping = Schema.Struct({
  vocabulary: Schema.NonEmptyString.annotate({
    description: "file of the vocabulary, beside the mapping",
  }),
  genes: setting(Schema.NonEmptyString, "genes", "column of the lists of token ids"),
  values: setting(Schema.NonEmptyString, "expressions", "column of the lists of values"),
  firstGene: setting(Count, 0, "token id of the first gene; lower ids are left out"),
  scale: Schema.Literals(["counts", "log1p"]),
  columns: setting(Schema.Array(Schema.String), [], "columns that describe cells"),
});

/** Opens a file, or a folder of files, by the mapping in a JSON file; it closes with the scope. */
export const openForeignMatrix: (
  path: string,
  options: ReadOptions,
) => Effect.Effect<CountMatrix, InputError, Scope.Scope> = Effect.fnUntraced(
  function* (path, options) {
    const { mapping: file } = options;
    if (file === undefined) {
      const why = "it is Parquet but no atlas; --mapping <file> says what is what in it";
      return yield* unreadable(path, why);
    }
    const mapping = yield* readMapping(file);
    const vocabulary = resolve(dirname(file), mapping.vocabulary);
    const source = yield* openForeign({ ...mapping, vocabulary, files: [path] });
    return yield* tryReading(path, () =>
      sourceMatrix({
        path,
        source,
        numbers: [],
        read: () => Promise.resolve(new Float64Array(0)),
        provenance:
          `${mapping.scale} from "${mapping.values}", genes from "${mapping.genes}" by ${file}`,
      }, options));
  },
);

const readMapping = Effect.fnUntraced(function* (path: string) {
  const doing = `Cannot read mapping "${path}"`;
  const text = yield* attempt(doing, () => readFileSync(path, "utf8"));
  const json = yield* attempt(doing, () => parsed(text, doing));
  return yield* decode(Mapping, json, doing).pipe(
    Effect.mapError(({ message }: ExperimentError) => new InputError({ message })),
  );
});

function parsed(text: string, doing: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError({ message: `${doing}: it is no JSON` });
  }
}
