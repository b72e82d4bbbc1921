/**
 * Reading an atlas in a random order, against hyparquet reading the same columns of the same shards.
 *
 * `deno run -A bench/read.ts <folder of an atlas>` prints a table.
 *
 * @module
 */

import { Effect } from "effect";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { join } from "node:path";
import { keyOf } from "../core/random.ts";
import { openAtlas } from "../streams/atlas/open_atlas.ts";

const [folder] = Deno.args;
const ROUNDS = 5;

const rows = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
  const atlas = yield* openAtlas(folder);
  return yield* Effect.promise(async () => {
    const ours: number[] = [], theirs: number[] = [];
    let entries = 0;
    for (let round = 0; round < ROUNDS; round++) {
      let begun = performance.now(), seen = 0;
      for await (const batch of atlas.read({ batch: 512, order: keyOf(round) })) {
        seen += batch.values.length;
      }
      entries = seen;
      ours.push(atlas.cells / (performance.now() - begun) * 1000);
      begun = performance.now();
      for (const shard of atlas.manifest.shards) {
        const file = await asyncBufferFromFile(join(folder, shard.file));
        // A part of it, since all of it would not fit.
        const rowEnd = Math.min(shard.rows, 2000);
        await parquetReadObjects({ file, columns: ["genes", "counts"], compressors, rowEnd });
        theirs.push(rowEnd / (performance.now() - begun) * 1000);
        break;
      }
    }
    return { cells: atlas.cells, entries, ours, theirs };
  });
})));

const shown = (all: readonly number[]) => {
  const sorted = all.toSorted((a, b) => a - b).map(Math.round);
  return `${sorted[all.length >> 1]} (${sorted[0]}–${sorted.at(-1)})`;
};
console.log(
  `${rows.cells} cells, ${rows.entries} entries; peak RSS ${
    (Deno.memoryUsage().rss / 2 ** 20).toFixed(0)
  } MB`,
);
console.log("| reader | cells a second: median (range) |\n|---|---:|");
console.log(
  `| gil, random order | ${shown(rows.ours)} |\n| hyparquet, first 2,000 rows | ${
    shown(rows.theirs)
  } |`,
);
