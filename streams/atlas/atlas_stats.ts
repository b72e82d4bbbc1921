/**
 * What the cells of an atlas are like, counted over all of them.
 *
 * @module
 */

import { Effect } from "effect";
import type { CellBatch } from "../../core/batch.ts";
import type { InputError } from "../../core/errors.ts";
import { attemptAsync } from "../attempt.ts";
import { labelCounter, type Labels } from "./label_counts.ts";
import type { Manifest } from "./manifest.ts";
import { openAtlas } from "./open_atlas.ts";

/** Shares of the cells at which quantiles are given. */
export const SHARES = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** Values at 5, 25, 50, 75 and 95 per cent of the cells, interpolated linearly between neighbours. */
export type Quantiles = readonly number[];

/** What the cells of an atlas are like. */
export interface AtlasStats {
  readonly folder: string;
  readonly values: Manifest["values"];
  readonly cells: number;
  readonly genes: number;
  /** Entries of all cells: values that are not zero. */
  readonly nonZeros: number;
  /** Bytes of all shards. */
  readonly bytes: number;
  /** NaN without entries. */
  readonly bytesPerNonZero: number;
  readonly bytesPerCell: number;
  /** Expressed genes of a cell. */
  readonly nonZerosPerCell: Quantiles;
  /** Sum of a cell's values. */
  readonly librarySizes: Quantiles;
  /** Genes that no cell expresses. */
  readonly neverExpressed: number;
  /** The genes that most cells express, the first of them most. */
  readonly mostExpressed: readonly { readonly gene: string; readonly cells: number }[];
  readonly labels: readonly Labels[];
}

/** Genes that are named. */
const NAMED = 10;
const BATCH = 512;

/**
 * Reads every cell of the atlas in `folder` once. What is exact has to be kept: twelve bytes a cell.
 *
 * @param show Hears after each batch how many cells of how many have been read.
 */
export const atlasStats: (
  folder: string,
  show?: (done: number, all: number) => void,
) => Effect.Effect<AtlasStats, InputError> = Effect.fn("atlasStats")(
  function* (folder: string, show = () => {}) {
    const atlas = yield* openAtlas(folder), { manifest, columns, vocabulary } = atlas;
    const { symbols } = vocabulary, labels = labelCounter(columns);
    const sums = new Float64Array(atlas.cells), sizes = new Uint32Array(atlas.cells);
    const cellsOf = new Float64Array(symbols.length);
    yield* attemptAsync(`Cannot read atlas "${folder}"`, async () => {
      const request = { batch: BATCH, columns: columns.map(({ name }) => name) };
      let cell = 0;
      for await (const batch of atlas.read({ ...request, order: "stored" })) {
        measure(batch, { sums, sizes, cellsOf });
        labels.add(batch.obs);
        show(cell += batch.cells.length, atlas.cells);
      }
    });
    const nonZeros = sizes.reduce((sum, size) => sum + size, 0);
    const bytes = manifest.shards.reduce((sum, shard) => sum + shard.bytes, 0);
    return {
      folder,
      values: manifest.values,
      cells: atlas.cells,
      genes: symbols.length,
      nonZeros,
      bytes,
      bytesPerNonZero: nonZeros > 0 ? bytes / nonZeros : NaN,
      bytesPerCell: bytes / atlas.cells,
      nonZerosPerCell: quantilesOf(sizes),
      librarySizes: quantilesOf(sums),
      neverExpressed: cellsOf.filter((cells) => cells === 0).length,
      mostExpressed: most(cellsOf).map((gene) => ({ gene: symbols[gene], cells: cellsOf[gene] })),
      labels: labels.counts(),
    };
  },
  Effect.scoped,
);

/** Writes down the cells of a batch at their rows. */
function measure(
  { cells, offsets, genes, values }: CellBatch,
  into: { sums: Float64Array; sizes: Uint32Array; cellsOf: Float64Array },
): void {
  for (let i = 0; i < cells.length; i++) {
    let sum = 0;
    for (let e = offsets[i]; e < offsets[i + 1]; e++) {
      sum += values[e];
      into.cellsOf[genes[e]]++;
    }
    into.sums[cells[i]] = sum;
    into.sizes[cells[i]] = offsets[i + 1] - offsets[i];
  }
}

/** The quantiles of some numbers, which are sorted in place. */
function quantilesOf(numbers: Float64Array | Uint32Array): Quantiles {
  numbers.sort();
  return SHARES.map((share) => {
    const place = share * (numbers.length - 1), below = Math.floor(place);
    const above = Math.min(numbers.length - 1, below + 1);
    return numbers[below] + (place - below) * (numbers[above] - numbers[below]);
  });
}

/** The genes that most cells express, those that none does apart. */
function most(cellsOf: Float64Array): number[] {
  return Array.from(cellsOf.keys()).filter((gene) => cellsOf[gene] > 0)
    .sort((a, b) => cellsOf[b] - cellsOf[a] || a - b).slice(0, NAMED);
}
