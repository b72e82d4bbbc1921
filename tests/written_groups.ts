/**
 * Atlases whose shards and row groups are cut where a test wants them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CellBatch, selectCells } from "../core/batch.ts";
import { keyOf, stream } from "../core/random.ts";
import { encodeGroup, schemaOf } from "../streams/atlas/encode_group.ts";
import { type Layout, VOCABULARY_NOTE } from "../streams/atlas/layout.ts";
import type { Manifest } from "../streams/atlas/manifest.ts";
import { shardWriter } from "../streams/parquet/shard_writer.ts";

/** What an atlas is to be like. */
export interface MadeAtlas {
  readonly seed: number;
  /** Cells of each row group of each shard. */
  readonly shards: readonly (readonly number[])[];
  /** Size of the vocabulary. */
  readonly genes: number;
  /** Genes that a cell has at most. */
  readonly expressed: number;
  readonly values?: Layout["values"];
  readonly order?: Manifest["order"];
}

const COLUMNS = [
  { name: "type", categories: ["a", "b", "c"] },
  { name: "site", categories: Array.from({ length: 300 }, (_, i) => `site ${i}`) },
];

/** Writes such an atlas into a folder and returns its cells in row order, with all columns. */
export function writeGroups(folder: string, made: MadeAtlas): CellBatch {
  const { genes, values = "counts" } = made, cells = randomCells(made);
  const layout: Layout = { genes, values, columns: COLUMNS, numbers: [] };
  mkdirSync(folder, { recursive: true });
  const symbols = Array.from({ length: genes }, (_, gene) => `G${gene}\n`).join("");
  const sha256 = createHash("sha256").update(symbols).digest("hex");
  let row = 0;
  const shards = made.shards.map((groups, shard) => {
    const file = `cells-${shard}.parquet`, writer = shardWriter(join(folder, file));
    for (const size of groups) {
      const rows = Uint32Array.from({ length: size }, (_, i) => row + i);
      const { offsets, genes, values, obs } = selectCells(cells, rows);
      const group = { offsets, genes, values, codes: [obs.type, obs.site], numbers: [] };
      writer.write(size, encodeGroup(layout, group as Parameters<typeof encodeGroup>[1]));
      row += size;
    }
    const notes = [{ key: VOCABULARY_NOTE, value: sha256 }];
    return { file, ...writer.finish(schemaOf(layout, 70_000), notes) };
  });
  const manifest: Manifest = {
    format: "gil-atlas",
    version: 1,
    vocabulary: { file: "vocabulary.txt", genes, sha256 },
    values,
    cells: row,
    columns: COLUMNS,
    numbers: [],
    shards,
    order: made.order ?? "as given",
    provenance: "a test",
  };
  writeFileSync(join(folder, "vocabulary.txt"), symbols);
  writeFileSync(join(folder, "atlas.json"), JSON.stringify(manifest));
  return cells;
}

/** Cells of which a third have no entry at all. */
function randomCells({ seed, shards, genes, expressed, values = "counts" }: MadeAtlas): CellBatch {
  const random = stream(keyOf(seed)), size = shards.flat().reduce((sum, each) => sum + each, 0);
  const offsets = [0], ids: number[] = [], numbers: number[] = [];
  const types: number[] = [], sites: number[] = [];
  for (let cell = 0; cell < size; cell++) {
    const count = random.below(3) === 0 ? 0 : 1 + random.below(expressed);
    const chosen = Array.from({ length: count }, () => random.below(genes));
    for (const gene of [...new Set(chosen)].sort((a, b) => a - b)) {
      ids.push(gene);
      const value = 1 + random.below(random.below(9) === 0 ? 70_000 : 9);
      numbers.push(values === "counts" ? value : Math.log1p(value));
    }
    offsets.push(ids.length);
    types.push(random.below(4) - 1);
    sites.push(random.below(301) - 1);
  }
  return {
    cells: Uint32Array.from({ length: size }, (_, cell) => cell),
    offsets: Uint32Array.from(offsets),
    genes: Uint32Array.from(ids),
    values: Float32Array.from(numbers),
    obs: { type: Int32Array.from(types), site: Int32Array.from(sites) },
  };
}
