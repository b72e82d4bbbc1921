/**
 * Real data to an atlas: h5ad files and 10x Matrix Market folders, any number of them.
 *
 * @module
 */

import { existsSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { Effect } from "effect";
import { decode } from "../../core/decode.ts";
import { ExperimentError, InputError } from "../../core/errors.ts";
import type { Manifest } from "../atlas/manifest.ts";
import { type AtlasBatch, writeAtlas } from "../atlas/write_atlas.ts";
import { attempt } from "../attempt.ts";
import { openH5ad } from "./h5ad.ts";
import { ImportOptions } from "./import_options.ts";
import { join, type NamedMatrix } from "./join.ts";
import { openMtx } from "./mtx.ts";

/** How far an import is, in cells. */
export interface ImportProgress {
  readonly done: number;
  readonly all: number;
}

/** What came of an import. */
export interface ImportSummary {
  readonly manifest: Manifest;
  /** What was done and what a user should know, in sentences. */
  readonly notes: readonly string[];
}

/** What is imported, and whereto. */
export interface ImportRequest {
  /** Paths of h5ad files and 10x folders, each alone or as `name=path`. */
  readonly inputs: readonly string[];
  /** The atlas, a folder that does not exist or is empty. */
  readonly output: string;
  /** Options as JSON has them, see `ImportOptions`. */
  readonly options?: typeof ImportOptions.Encoded;
}

/**
 * Writes the inputs as one atlas and returns its manifest and notes. Everything streams: memory holds
 * a batch of cells and what names genes and cells. On failure nothing is left behind.
 *
 * @param onProgress Told after every batch.
 */
export const importAtlas: (
  request: ImportRequest,
  onProgress?: (progress: ImportProgress) => void,
) => Effect.Effect<ImportSummary, InputError | ExperimentError> = Effect.fn("importAtlas")(
  function* (request: ImportRequest, onProgress = (_: ImportProgress) => {}) {
    const options = yield* decode(ImportOptions, request.options ?? {}, "Cannot import as asked");
    if (options.totals !== undefined && options.values !== "recover") {
      return yield* new ExperimentError({
        message: `Cannot use the totals "${options.totals}": only --values recover needs totals`,
      });
    }
    const inputs = yield* openInputs(request.inputs, options);
    const { atlas, cells, notes } = yield* attempt(
      "Cannot join the inputs",
      () => join(inputs, options),
    );
    let done = 0, empty = 0;
    const batches = watched(atlas.batches, (batch) => {
      done += batch.cells.length;
      for (let i = 0; i < batch.cells.length; i++) {
        if (batch.offsets[i] === batch.offsets[i + 1]) empty++;
      }
      onProgress({ done, all: cells });
    });
    const manifest = yield* writeAtlas(request.output, { ...atlas, batches });
    const last = empty === 0 ? [] : [`cells without an expressed gene: ${empty}; they are kept`];
    return { manifest, notes: [...notes, ...last] };
  },
  Effect.scoped,
);

const openInputs = Effect.fnUntraced(
  function* (paths: readonly string[], options: ImportOptions) {
    if (paths.length === 0) {
      return yield* new InputError({ message: "Cannot import nothing: name a file or a folder" });
    }
    const names = new Set<string>();
    return yield* Effect.forEach(paths, (given) => {
      const { name, path } = inputOf(given);
      if (names.has(name)) {
        return new InputError({
          message:
            `Cannot import "${path}": another input is called "${name}" too; call it <name>=${path}`,
        });
      }
      names.add(name);
      return Effect.map(openInput(path, options), (matrix): NamedMatrix => ({ name, matrix }));
    });
  },
);

/** Opens whatever is at the path. */
function openInput(path: string, options: ImportOptions) {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  return isFolder ? openMtx(path, options) : openH5ad(path, options);
}

/** Splits `name=path`; a file of that very name is a path, and a matrix.mtx stands for its folder. */
function inputOf(given: string): { readonly name: string; readonly path: string } {
  const named = existsSync(given) ? null : /^([^=/\\]+)=(.+)$/.exec(given);
  const at = named?.[2] ?? given;
  const path = /\.mtx(\.gz)?$/.test(at) ? dirname(at) : at;
  return { name: named?.[1] ?? basename(resolve(path)).replace(/\.(h5ad|h5)$/, ""), path };
}

async function* watched(
  batches: AsyncIterable<AtlasBatch>,
  seen: (batch: AtlasBatch) => void,
): AsyncGenerator<AtlasBatch> {
  for await (const batch of batches) {
    yield batch;
    seen(batch);
  }
}
