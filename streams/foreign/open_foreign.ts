/**
 * Parquet files that others wrote, as a source: nothing is converted.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { createHash } from "node:crypto";
import { InputError } from "../../core/errors.ts";
import type { Source } from "../../core/source.ts";
import { attempt, attemptAsync } from "../attempt.ts";
import { columnReader } from "../parquet/foreign/column_reader.ts";
import type { BlockReader, Blocks } from "../reading/blocks.ts";
import { sourceOf } from "../reading/read_blocks.ts";
import { addCategories, inOrder } from "./categories.ts";
import { checkTokens } from "./check_tokens.ts";
import { type ForeignColumns, openForeignFile, surveyFile } from "./foreign_file.ts";
import type { ForeignFile, ForeignLayout } from "./foreign_layout.ts";
import { foreignReader } from "./foreign_reader.ts";
import { listFiles } from "./list_files.ts";
import { readTokens } from "./read_tokens.ts";
import { unreadable } from "./unreadable.ts";

/** Which files, and what in them is what. */
export interface ForeignOptions extends ForeignColumns {
  /** Files, addresses, or folders of files. */
  readonly files: readonly string[];
  /** Path of the vocabulary; see `readTokens`. */
  readonly vocabulary: string;
  /** Id of the first token that is a gene; lower ones are left out. */
  readonly firstGene: number;
  readonly scale: "counts" | "log1p";
}

/** Opened foreign files: a source, and the plain data that it is made from. */
export interface Foreign extends Source, Blocks {
  readonly layout: ForeignLayout;
  readonly files: readonly ForeignFile[];
}

/**
 * Opens the files: their footers are read and held against each other and the vocabulary, and the
 * columns that describe cells are scanned once for their categories. Cells are read when they are asked
 * for; closing the scope closes every file that an unfinished iteration still has open.
 */
export const openForeign: (
  options: ForeignOptions,
) => Effect.Effect<Foreign, InputError, Scope.Scope> = Effect.fn("openForeign")(
  function* (options: ForeignOptions) {
    const { genes, values, scale, vocabulary: path, firstGene } = options;
    const mapping = yield* readTokens(path, firstGene);
    const places = yield* attempt(
      `Cannot read "${options.files.join('", "')}"`,
      () => listFiles(options.files),
    );
    const { files, columns } = yield* attemptAsync(
      `Cannot read "${places[0]}"`,
      () => survey(places, options, mapping.tokens.length - 1),
    );
    const layout = { ...mapping, scale, genes, values, columns };
    const readers = yield* Effect.acquireRelease(
      Effect.sync(() => new Set<BlockReader>()),
      (readers) =>
        Effect.promise(() => Promise.all(Array.from(readers, (reader) => reader.close()))),
    );
    const blocks: Blocks = {
      vocabulary: mapping.vocabulary,
      values: scale,
      columns,
      sizes: files.flatMap(({ blocks }) => blocks.map(({ from, to }) => to - from)),
      open(): BlockReader {
        const reader = foreignReader(files, layout);
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
    const recipe = [files, { ...layout, tokens: [...layout.tokens] }];
    const fingerprint = createHash("sha256").update(JSON.stringify(recipe)).digest("hex");
    return { layout, files, ...blocks, ...sourceOf(blocks), fingerprint };
  },
);

/** Looks at every file, one after another. */
async function survey(places: readonly string[], asked: ForeignColumns, last: number) {
  const known = new Map(asked.columns.map((name) => [name, new Set<string>()]));
  const files: ForeignFile[] = [];
  for (const place of places) {
    try {
      const opened = await openForeignFile(place, asked), reader = columnReader(opened.table);
      try {
        checkTokens(opened, last);
        files.push(surveyFile(place, opened));
        for (const [name, column] of opened.columns) {
          for (const [group, { num_rows }] of opened.table.metadata.row_groups.entries()) {
            const rows = { from: 0, to: Number(num_rows) };
            addCategories(known.get(name)!, await reader.singles(column, group, rows));
          }
        }
      } finally {
        reader.close();
        await opened.bytes.close();
      }
    } catch (cause) {
      throw unreadable({ place }, cause);
    }
  }
  if (files.every(({ blocks }) => blocks.length === 0)) {
    throw new InputError({ message: `Cannot read "${places[0]}": there are no cells` });
  }
  const columns = Array.from(known, ([name, found]) => ({ name, categories: inOrder(found) }));
  return { files, columns };
}
