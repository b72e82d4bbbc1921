/**
 * Opens whatever is at a path.
 *
 * @module
 */

import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { Effect, type Scope } from "effect";
import type { InputError } from "../../core/errors.ts";
import { isAddress, shownPlace } from "../bytes/place.ts";
import { readAnnData } from "./anndata.ts";
import type { CountMatrix, ReadOptions } from "./count_matrix.ts";
import { openH5 } from "./h5_file.ts";
import { isMtx, openMtx } from "./mtx.ts";
import { isAtlas, openAtlasMatrix } from "./parquet/atlas_matrix.ts";
import { openForeignMatrix } from "./parquet/foreign_matrix.ts";
import { isTenx, readTenx } from "./tenx/tenx.ts";
import { tryReading, unreadable } from "./unreadable.ts";
import { isZarr, openZarr } from "./zarr/zarr_store.ts";

/** What an input is: by what is in it, not by its name. */
export type Format = "hdf5" | "zarr" | "atlas" | "mtx" | "foreign";

/** What is at a path, "foreign" being Parquet that needs a mapping; throws an `InputError` where it is nothing known. */
export function formatOf(path: string): Format {
  if (isAddress(path)) {
    throw unreadable(shownPlace(path), "addresses are not imported; copy it to a folder");
  }
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw unreadable(path, "there is no such file");
  return found.isDirectory() ? formatOfFolder(path) : formatOfFile(path);
}

function formatOfFolder(path: string): Format {
  if (isZarr(path)) return "zarr";
  if (isAtlas(path)) return "atlas";
  if (hasParquet(path)) return "foreign";
  if (isMtx(path)) return "mtx";
  const inner = readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && hasParquet(join(path, entry.name)));
  if (inner.length === 0) return "mtx";
  throw unreadable(
    path,
    `its Parquet files lie in folders of it; name those, the first is "${
      join(path, inner[0].name)
    }"`,
  );
}

const hasParquet = (folder: string): boolean =>
  readdirSync(folder).some((name) => name.endsWith(".parquet"));

function formatOfFile(path: string): Format {
  const begins = firstBytes(path);
  if (begins.startsWith("PK")) {
    throw unreadable(path, "it is a zip archive; unpack it and name the folder");
  }
  return begins === "PAR1" ? "foreign" : "hdf5";
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

/**
 * Opens a file or folder by what is in it; it closes with the scope. Files: h5ad, 10x `.h5`, Parquet
 * with a mapping. Folders: an AnnData zarr store, an atlas, the 10x Matrix Market layout, Parquet files
 * with a mapping.
 */
export const openInput: (
  path: string,
  options: ReadOptions,
) => Effect.Effect<CountMatrix, InputError, Scope.Scope> = Effect.fnUntraced(
  function* (path: string, options: ReadOptions) {
    const format = yield* tryReading(path, () => formatOf(path));
    switch (format) {
      case "hdf5":
        return yield* openHdf5(path, options);
      case "zarr":
        return yield* tryReading(path, () => readAnnData(openZarr(path), options));
      case "atlas":
        return yield* openAtlasMatrix(path, options);
      case "mtx":
        return yield* openMtx(path, options);
      case "foreign":
        return yield* openForeignMatrix(path, options);
    }
  },
);

const openHdf5 = Effect.fnUntraced(function* (path: string, options: ReadOptions) {
  const file = yield* openH5(path);
  return yield* tryReading(
    path,
    () => isTenx(file) ? readTenx(file, options) : readAnnData(file, options),
  );
});
