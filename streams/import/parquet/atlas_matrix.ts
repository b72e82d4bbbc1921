/**
 * An atlas as an input: to shuffle it, to take some of its genes, or to join it with others.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Effect, type Scope } from "effect";
import type { InputError } from "../../../core/errors.ts";
import { MANIFEST_FILE } from "../../atlas/manifest.ts";
import { type Atlas, openAtlas } from "../../atlas/open_atlas.ts";
import type { CountMatrix, ReadOptions } from "../count_matrix.ts";
import { tryReading } from "../unreadable.ts";
import { sourceMatrix } from "./source_matrix.ts";

/** Whether the folder is an atlas. */
export const isAtlas = (folder: string): boolean => existsSync(join(folder, MANIFEST_FILE));

/** Bytes for reading that an atlas of dense cells needs, even if less is left. */
const LEAST = 192e6;

/** Opens an atlas; it closes with the scope. */
export const openAtlasMatrix: (
  folder: string,
  options: ReadOptions,
) => Effect.Effect<CountMatrix, InputError, Scope.Scope> = Effect.fnUntraced(
  function* (folder: string, options: ReadOptions) {
    const atlas = yield* openAtlas(folder, {
      workers: 0,
      memory: Math.max(LEAST, options.held ?? 0),
    });
    const { numbers, values, provenance } = atlas.manifest;
    const read = numbersOf(atlas);
    return yield* tryReading(folder, () =>
      sourceMatrix({
        path: folder,
        source: atlas,
        numbers,
        read,
        provenance: `${values} of an atlas (${provenance})`,
      }, options));
  },
);

/** Reads columns of numbers, whatever the row groups are. */
function numbersOf(atlas: Atlas) {
  const reader = atlas.open(), starts = [0];
  for (const size of atlas.sizes) starts.push(starts[starts.length - 1] + size);
  return async (name: string, from: number, to: number): Promise<Float64Array> => {
    const numbers = new Float64Array(to - from);
    for (let group = groupOf(starts, from); group < atlas.sizes.length; group++) {
      const start = starts[group];
      if (start >= to) break;
      const read = await reader.numbers(group, name);
      const first = Math.max(from, start), end = Math.min(to, starts[group + 1]);
      numbers.set(read.subarray(first - start, end - start), first - from);
    }
    return numbers;
  };
}

/** The row group of a cell. */
function groupOf(starts: readonly number[], cell: number): number {
  let low = 0, high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= cell) low = middle;
    else high = middle;
  }
  return low;
}
