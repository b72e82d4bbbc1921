/**
 * The first cells of an atlas, for people to look at.
 *
 * @module
 */

import { Effect } from "effect";
import type { CellBatch } from "../../core/batch.ts";
import type { InputError } from "../../core/errors.ts";
import { attemptAsync } from "../attempt.ts";
import { type Atlas, openAtlas } from "./open_atlas.ts";

/** One cell in words and numbers. */
export interface CellSummary {
  /** Row in the atlas. */
  readonly cell: number;
  /** Category in each column, number in each number column; undefined where the cell has none. */
  readonly obs: Readonly<Record<string, string | number | undefined>>;
  /** Number of expressed genes. */
  readonly genes: number;
  /** Sum of the values. */
  readonly total: number;
  /** The most expressed genes with their values, the highest first. */
  readonly top: readonly { readonly gene: string; readonly value: number }[];
}

/** Genes that are named of each cell. */
const TOP = 5;

/** The first `count` cells of the atlas in `folder`, or all where it has fewer. */
export const headOf: (
  folder: string,
  count: number,
) => Effect.Effect<readonly CellSummary[], InputError> = Effect.fn("headOf")(
  function* (folder: string, count: number) {
    const atlas = yield* openAtlas(folder);
    const batch = Math.min(count, atlas.cells), columns = atlas.columns.map(({ name }) => name);
    if (batch <= 0) return [];
    return yield* attemptAsync(`Cannot read atlas "${folder}"`, async () => {
      for await (const cells of atlas.read({ batch, order: "stored", columns })) {
        const numbers = await firstNumbers(atlas, batch);
        return Array.from(cells.cells, (_, i) => summarise(atlas, cells, numbers, i));
      }
      return [];
    });
  },
  Effect.scoped,
);

/** The number columns of the first `count` cells. */
async function firstNumbers(atlas: Atlas, count: number): Promise<Map<string, number[]>> {
  const columns = new Map(atlas.manifest.numbers.map((name) => [name, [] as number[]]));
  const reader = atlas.open();
  try {
    for (const [name, numbers] of columns) {
      for (let block = 0; numbers.length < count; block++) {
        numbers.push(...await reader.numbers(block, name));
      }
    }
  } finally {
    await reader.close();
  }
  return columns;
}

function summarise(
  { vocabulary, columns }: Atlas,
  { cells, offsets, genes, values, obs }: CellBatch,
  numbers: ReadonlyMap<string, number[]>,
  i: number,
): CellSummary {
  const order = Array.from({ length: offsets[i + 1] - offsets[i] }, (_, e) => offsets[i] + e)
    .sort((a, b) => values[b] - values[a] || a - b);
  return {
    cell: cells[i],
    obs: Object.fromEntries([
      ...columns.map(({ name, categories }) => [name, categories[obs[name][i]]]),
      ...Array.from(numbers, ([name, all]) => [name, Number.isNaN(all[i]) ? undefined : all[i]]),
    ]),
    genes: order.length,
    total: order.reduce((sum, e) => sum + values[e], 0),
    top: order.slice(0, TOP).map((e) => ({ gene: vocabulary.symbols[genes[e]], value: values[e] })),
  };
}
