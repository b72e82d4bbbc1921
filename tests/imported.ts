/**
 * Imports into a temporary folder, read back as plain values.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import { type CellBatch, concatCells, selectCells } from "../core/batch.ts";
import type { Manifest } from "../streams/atlas/manifest.ts";
import { openAtlas } from "../streams/atlas/open_atlas.ts";
import { importAtlas, type ImportRequest } from "../streams/import/import_atlas.ts";
import { withFolder } from "./atlas_folder.ts";

/** An atlas as it was read back. */
export interface Imported {
  readonly symbols: readonly string[];
  /** All cells. */
  readonly batch: CellBatch;
  /** Category of each cell by column; undefined where it has none. */
  readonly obs: Readonly<Record<string, readonly (string | undefined)[]>>;
  readonly manifest: Manifest;
  readonly notes: readonly string[];
}

/** Imports the inputs in their order, symbols in theirs unless asked, and reads everything back. */
export function imported(
  inputs: readonly string[],
  options: ImportRequest["options"] = {},
): Promise<Imported> {
  const asGiven = { keepOrder: true, ...(options.genes ? {} : { geneOrder: "symbols" as const }) };
  return withFolder((folder) => {
    const output = join(folder, "atlas");
    return Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const request = { inputs, output, options: { ...asGiven, ...options } };
      const { manifest, notes } = yield* importAtlas(request);
      const { columns, vocabulary, read } = yield* openAtlas(output);
      const names = columns.map(({ name }) => name);
      const batches: CellBatch[] = [];
      yield* Effect.promise(async () => {
        for await (const batch of read({ batch: 512, order: "stored", columns: names })) {
          batches.push(selectCells(batch, [...batch.cells.keys()]));
        }
      });
      const batch = concatCells(batches);
      const obs = columns.map(({ name, categories }) => [
        name,
        Array.from(batch.obs[name], (code) => categories[code]),
      ]);
      return {
        symbols: vocabulary.symbols,
        batch,
        obs: Object.fromEntries(obs),
        manifest,
        notes,
      };
    })));
  });
}

/** Value of each expressed gene by symbol, cell by cell, in vocabulary order. */
export function cellsOf({ symbols, batch }: Imported): Record<string, number>[] {
  return Array.from(batch.cells, (_, i) => {
    const cell: Record<string, number> = {};
    for (let e = batch.offsets[i]; e < batch.offsets[i + 1]; e++) {
      cell[symbols[batch.genes[e]]] = batch.values[e];
    }
    return cell;
  });
}

/** The message with which an import fails, having left nothing behind. */
export function refusal(
  inputs: readonly string[],
  options: ImportRequest["options"] = {},
): Promise<string> {
  return withFolder(async (folder) => {
    const output = join(folder, "atlas");
    const failed = await Effect.runPromise(Effect.flip(importAtlas({ inputs, output, options })));
    if (existsSync(output)) throw new Error(`"${output}" was left behind`);
    return failed.message;
  });
}
