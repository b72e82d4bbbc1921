import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { type CellBatch, selectCells } from "../core/batch.ts";
import { sliceCells } from "../streams/reading/pool/cut_batches.ts";
import { streamAtlas, type StreamOptions } from "../streams/reading/stream_atlas.ts";
import { withFolder } from "./atlas_folder.ts";
import { damageGroup } from "./damaged_groups.ts";
import { assertSame } from "./first_difference.ts";
import { writeGroups } from "./written_groups.ts";

const MADE = { seed: 3, shards: [[40, 30, 20], [25, 35]], genes: 60, expressed: 20 };
const CELLS = 150, GROUPS = [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1]] as const;

async function batchesOf(place: string, options: StreamOptions): Promise<CellBatch[]> {
  const batches: CellBatch[] = [];
  for await (const { release: _, ...cells } of streamAtlas(place, options)) {
    batches.push(sliceCells(cells, 0, cells.cells.length));
  }
  return batches;
}

const anyRequest = fc.record({
  bad: fc.subarray([...GROUPS], { minLength: 1 }),
  order: fc.oneof(fc.constant("stored" as const), fc.record({ seed: fc.nat(99) })),
  batch: fc.integer({ min: 1, max: 40 }),
  block: fc.integer({ min: 1, max: 50 }),
  window: fc.integer({ min: 1, max: 170 }),
  keep: fc.constantFrom(undefined, (cell: number) => cell % 5 !== 2),
  balance: fc.constantFrom(undefined, "type"),
  memory: fc.constantFrom("32MB", "100MB", "512MB"),
  from: fc.nat(12),
});

for (const [workers, runs] of [[0, 120], [1, 8], [2, 8]] as const) {
  Deno.test(`streamAtlas() leaves cells that cannot be read out of their batches, and moves no other: ${workers} workers`, () =>
    fc.assert(
      fc.asyncProperty(
        anyRequest,
        ({ bad, keep, balance, from, ...request }) =>
          withFolder(async (folder) => {
            writeGroups(folder, MADE);
            const options = {
              ...request,
              labels: ["type"],
              onDamage: "skip",
              ...keep && { keep },
              ...balance && request.order !== "stored" && { balance },
            } as const;
            const intact = await batchesOf(folder, { ...options, workers: 0 });
            for (const [shard, group] of bad) {
              await damageGroup(folder, `cells-${shard}.parquet`, group);
            }
            const found = await batchesOf(folder, { ...options, workers });
            const read = new Set(found.flatMap(({ cells }) => [...cells]));
            assertSame(
              found,
              intact.map((batch) => {
                const rows = [...batch.cells.keys()].filter((i) => read.has(batch.cells[i]));
                return selectCells(batch, rows);
              }),
            );
            ok(read.size < CELLS);
            const late = { ...options, workers, from: from * request.batch };
            assertSame(await batchesOf(folder, late), found.slice(from));
          }),
      ),
      { numRuns: runs },
    ));
}

Deno.test("streamAtlas() gives batches without a cell where none of theirs can be read", () =>
  withFolder(async (folder) => {
    writeGroups(folder, MADE);
    for (const group of [0, 1]) await damageGroup(folder, "cells-0.parquet", group);
    for (const workers of [0, 2]) {
      const options = { order: "stored", batch: 20, workers, onDamage: "skip" } as const;
      const sizes = (await batchesOf(folder, options)).map(({ cells }) => cells.length);
      assertSame(sizes, [0, 0, 0, 10, 20, 20, 20, 10]);
    }
    equal(CELLS, MADE.shards.flat().reduce((sum, size) => sum + size));
  }));
