/**
 * Reads h5ad files: AnnData's HDF5 layout.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import type { InputError } from "../../core/errors.ts";
import { readAnnData } from "./anndata.ts";
import type { CountMatrix, ReadOptions } from "./count_matrix.ts";
import { openH5 } from "./h5_file.ts";
import { tryReading } from "./unreadable.ts";

/** Opens an h5ad file; it closes with the scope. Compression: none, gzip, shuffle or fletcher32. */
export const openH5ad: (
  path: string,
  options: ReadOptions,
) => Effect.Effect<CountMatrix, InputError, Scope.Scope> = Effect.fnUntraced(
  function* (path: string, options: ReadOptions) {
    const file = yield* openH5(path);
    return yield* tryReading(path, () => readAnnData(file, options));
  },
);
