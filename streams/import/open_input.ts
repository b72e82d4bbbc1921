/**
 * Opens whatever is at a path.
 *
 * @module
 */

import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { Effect, type Scope } from "effect";
import type { InputError } from "../../core/errors.ts";
import { isAddress, shownPlace } from "../bytes/place.ts";
import { readAnnData } from "./anndata.ts";
import type { CountMatrix, ReadOptions } from "./count_matrix.ts";
import { openH5 } from "./h5_file.ts";
import { openMtx } from "./mtx.ts";
import { isAtlas, openAtlasMatrix } from "./parquet/atlas_matrix.ts";
import { openForeignMatrix } from "./parquet/foreign_matrix.ts";
import { isTenx, readTenx } from "./tenx/tenx.ts";
import { tryReading, unreadable } from "./unreadable.ts";
import { isZarr, openZarr } from "./zarr/zarr_store.ts";

/**
 * Opens a file or folder by what is in it; it closes with the scope. Files: h5ad, 10x `.h5`, Parquet
 * with a mapping. Folders: an AnnData zarr store, an atlas, the 10x Matrix Market layout, Parquet files
 * with a mapping.
 */
export function openInput(
  path: string,
  options: ReadOptions,
): Effect.Effect<CountMatrix, InputError, Scope.Scope> {
  if (isAddress(path)) {
    return Effect.fail(
      unreadable(shownPlace(path), "addresses are not imported; copy it to a folder"),
    );
  }
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return Effect.fail(unreadable(path, "there is no such file"));
  return found.isDirectory() ? openFolder(path, options) : openFile(path, options);
}

const openFolder = Effect.fnUntraced(function* (path: string, options: ReadOptions) {
  if (isZarr(path)) return yield* tryReading(path, () => readAnnData(openZarr(path), options));
  if (isAtlas(path)) return yield* openAtlasMatrix(path, options);
  const names = yield* tryReading(path, () => readdirSync(path));
  if (!names.some((name) => name.endsWith(".parquet"))) return yield* openMtx(path, options);
  return yield* openParquet(path, options);
});

const openFile = Effect.fnUntraced(function* (path: string, options: ReadOptions) {
  const begins = yield* tryReading(path, () => firstBytes(path));
  if (begins === "PAR1") return yield* openParquet(path, options);
  if (begins.startsWith("PK")) {
    return yield* unreadable(path, "it is a zip archive; unpack it and name the folder");
  }
  const file = yield* openH5(path);
  return yield* tryReading(
    path,
    () => isTenx(file) ? readTenx(file, options) : readAnnData(file, options),
  );
});

function openParquet(path: string, options: ReadOptions) {
  const { mapping } = options;
  if (mapping !== undefined) return openForeignMatrix(path, { ...options, mapping });
  return Effect.fail(
    unreadable(path, "it is Parquet but no atlas; --mapping <file> says what is what in it"),
  );
}

/** The first four bytes of a file, one a character. */
function firstBytes(path: string): string {
  const bytes = new Uint8Array(4), file = openSync(path, "r");
  try {
    return String.fromCharCode(...bytes.subarray(0, readSync(file, bytes, 0, 4, 0)));
  } finally {
    closeSync(file);
  }
}
