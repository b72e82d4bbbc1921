import { equal, ok, rejects } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import { keyOf } from "../core/random.ts";
import type { Source } from "../core/source.ts";
import { openForeign } from "../streams/foreign/open_foreign.ts";
import { withFolder } from "./atlas_folder.ts";
import { hasTool, python } from "./foreign_cells.ts";

const CELLS = 1_000_000;

/** Entries that are not what `write_large.py` wrote, and whether there are as many. */
function faultsIn(batch: {
  readonly cells: Uint32Array;
  readonly offsets: Uint32Array;
  readonly genes: Uint32Array;
  readonly values: Float32Array;
  readonly obs: Readonly<Record<string, Int32Array>>;
}, kinds: readonly string[]): number {
  const { cells, offsets, genes, values, obs } = batch;
  let faults = 0;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i], from = offsets[i], size = offsets[i + 1] - from;
    if (size !== cell % 7) faults++;
    for (let k = 0; k < size; k++) {
      if (genes[from + k] !== k * (1 + cell % 11) + cell % 5) faults++;
      if (values[from + k] !== 1 + (cell + k) % 9) faults++;
    }
    if (kinds[obs.kind[i]] !== `k${Math.floor(cell / 1000) % 13}`) faults++;
  }
  return faults;
}

async function assertAll(source: Source): Promise<void> {
  equal(source.cells, CELLS);
  const seen = new Uint8Array(CELLS), [{ categories }] = source.columns;
  let cells = 0, faults = 0, ascending = 0, before = -1;
  for await (const batch of source.read({ batch: 2000, order: keyOf(5), columns: ["kind"] })) {
    faults += faultsIn(batch, categories);
    for (const cell of batch.cells) {
      cells += 1 - seen[cell];
      seen[cell] = 1;
      ascending += cell > before ? 1 : 0;
      before = cell;
    }
  }
  equal(faults, 0);
  equal(cells, CELLS);
  ok(ascending < 0.6 * CELLS);
}

Deno.test({
  name: "openForeign() reads a million cells of one row group in a random order, within its memory",
  ignore: !hasTool("pyarrow"),
  fn: () =>
    withFolder(async (folder) => {
      const file = join(folder, "large.parquet"), vocabulary = join(folder, "genes.txt");
      python("write_large.py", [file]);
      writeFileSync(vocabulary, Array.from({ length: 100 }, (_, token) => `G${token}\n`).join(""));
      const options = {
        files: [file],
        vocabulary,
        genes: "genes",
        values: "expressions",
        columns: ["kind"],
        firstGene: 0,
        scale: "counts",
      } as const;
      const use = (memory: string, use: (source: Source) => Promise<void>) =>
        Effect.runPromise(
          Effect.scoped(Effect.flatMap(
            openForeign({ ...options, memory, workers: 0 }),
            (source) => Effect.promise(() => use(source)),
          )),
        );
      await use("192MB", assertAll);
      await use("16MB", (source) =>
        rejects(
          async () => {
            for await (const _ of source.read({ batch: 128, order: keyOf(5) })) break;
          },
          /^InputError: Cannot read ".*": .* take about \d+ MB where 16 MB are allowed; allow more/,
        ));
    }),
});
