/**
 * Parquet files that others wrote, as a source: nothing is converted.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { createHash } from "node:crypto";
import { InputError } from "../../core/errors.ts";
import type { Source } from "../../core/source.ts";
import { type AtlasOptions, bytesIn } from "../atlas/open_atlas.ts";
import { goodWorkers } from "../atlas/read_atlas.ts";
import { skippedCells } from "../atlas/skipped.ts";
import { attempt, attemptAsync } from "../attempt.ts";
import { beginReading } from "../reading/begin_reading.ts";
import { workerPool } from "../reading/pool/worker_pool.ts";
import { readingScope } from "../reading/reading_scope.ts";
import { codeScan } from "../reading/scan_codes.ts";
import { faultOf } from "../reading/staging/reader_settings.ts";
import { addCategories, inOrder } from "./categories.ts";
import type { ForeignLayout } from "./foreign_layout.ts";
import {
  type FileExpectation,
  type ForeignColumns,
  knowFile,
  type KnownFile,
  NO_ROWS,
} from "./know_file.ts";
import { labelReader } from "./label_reader.ts";
import { listFiles } from "./list_files.ts";
import { readableFiles } from "./read_foreign.ts";
import { readTokens } from "./read_tokens.ts";
import { unreadable } from "./unreadable.ts";

/** Which files, what in them is what, and how they are read: that changes no cell and no order. */
export interface ForeignOptions extends ForeignColumns, AtlasOptions {
  /** Files, addresses, or folders of files. */
  readonly files: readonly string[];
  /** Path of the vocabulary; see `readTokens`. */
  readonly vocabulary: string;
  /** Id of the first token that is a gene; lower ones are left out. */
  readonly firstGene: number;
  readonly scale: "counts" | "log1p";
}

/** Opened foreign files: a source, and the plain data that it is made from. */
export interface Foreign extends Source {
  readonly layout: ForeignLayout;
  readonly files: readonly KnownFile[];
}

/**
 * Opens the files: their footers are read and held against each other and the vocabulary, the pages of
 * large row groups are looked for where no offset index tells of them, and the columns that describe
 * cells are scanned once for their categories. Cells are read when they are asked for, within `memory`;
 * closing the scope ends every iteration that is not finished, its workers and its files.
 */
export const openForeign: (
  options: ForeignOptions,
) => Effect.Effect<Foreign, InputError, Scope.Scope> = Effect.fn("openForeign")(
  function* (options: ForeignOptions) {
    const { genes, values, scale, vocabulary: path, firstGene, onDamage = "fail" } = options;
    const memory = yield* attempt("Cannot open files", () => bytesIn(options.memory));
    const mapping = yield* readTokens(path, firstGene);
    const places = yield* attempt(
      `Cannot read "${options.files.join('", "')}"`,
      () => listFiles(options.files),
    );
    const { files, columns } = yield* attemptAsync(
      `Cannot read "${places[0]}"`,
      () => survey(places, { ...options, onDamage, last: mapping.tokens.length - 1 }),
    );
    const layout = { ...mapping, scale, genes, values, columns };
    const scan = codeScan({
      columns,
      sizes: files.flatMap(({ groups }) => groups.map(({ cells }) => cells)),
      open: () => labelReader(files, layout),
    });
    const known = { files, layout, scan },
      all = readableFiles(known, { batch: 1, order: "stored" });
    const skipped = skippedCells(all.failure);
    const { kept, read } = yield* readingScope("its files are closed");
    const means = {
      workers: options.workers ?? goodWorkers(all.cells),
      memory,
      onDamage,
      onDamages: skipped.add,
      pool: kept(workerPool()),
    } as const;
    const recipe = [
      files.map(({ entry: { place, version }, groups }) => [place, version, groups]),
      { ...layout, tokens: [...layout.tokens] },
    ];
    return {
      layout,
      files,
      vocabulary: mapping.vocabulary,
      cells: all.cells,
      values: scale,
      columns,
      fingerprint: createHash("sha256").update(JSON.stringify(recipe)).digest("hex"),
      read: read((request) => beginReading(readableFiles(known, request), request, means)),
      warnings: skipped.warnings,
    };
  },
);

/** Looks at every file, one after another. */
async function survey(
  places: readonly string[],
  asked: Omit<FileExpectation, "onSingles">,
) {
  const known = new Map(asked.columns.map((name) => [name, new Set<string>()]));
  const files: KnownFile[] = [];
  for (const place of places) {
    try {
      files.push(
        await knowFile(place, {
          ...asked,
          onSingles: (name, singles) => addCategories(known.get(name)!, singles),
        }),
      );
    } catch (cause) {
      throw unreadable({ place }, faultOf(cause));
    }
  }
  if (files.every(({ entry: { rows } }) => rows === 0)) {
    throw unreadable({ place: places[0] }, { name: "RangeError", message: NO_ROWS });
  }
  const columns = Array.from(known, ([name, found]) => ({ name, categories: inOrder(found) }));
  return { files, columns };
}
