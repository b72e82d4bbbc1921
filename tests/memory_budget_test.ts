import { equal, match, ok, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { keyOf, stream } from "../core/random.ts";
import { encodeGroup, schemaOf } from "../streams/atlas/encode_group.ts";
import type { Layout } from "../streams/atlas/layout.ts";
import type { Manifest } from "../streams/atlas/manifest.ts";
import { TOO_LITTLE_MEMORY } from "../streams/parquet/is_damage.ts";
import { shardWriter } from "../streams/parquet/shard_writer.ts";
import { type Demand, shareMemory } from "../streams/reading/pool/share_memory.ts";
import { streamAtlas } from "../streams/reading/stream_atlas.ts";
import { withFolder } from "./atlas_folder.ts";

const CELLS = 1024, GENES = 30_000;

/** An atlas of cells as dense as real ones; one row group, again and again: quickly made. */
function writeDense(folder: string, groups: number): void {
  const random = stream(keyOf(1)), offsets = new Uint32Array(CELLS + 1);
  const genes: number[] = [], values: number[] = [];
  for (let cell = 0; cell < CELLS; cell++) {
    for (let gene = random.below(40); gene < GENES; gene += 1 + random.below(40)) {
      genes.push(gene);
      values.push(1 + random.below(1 + random.below(9)));
    }
    offsets[cell + 1] = genes.length;
  }
  const layout: Layout = { genes: GENES, values: "counts", columns: [], numbers: [] };
  const group = { offsets, genes: Uint32Array.from(genes), values: Float32Array.from(values) };
  const chunks = encodeGroup(layout, { ...group, codes: [], numbers: [] });
  mkdirSync(folder, { recursive: true });
  const writer = shardWriter(join(folder, "cells-0.parquet"));
  for (let i = 0; i < groups; i++) writer.write(CELLS, chunks);
  const symbols = Array.from({ length: GENES }, (_, gene) => `G${gene}\n`).join("");
  const sha256 = createHash("sha256").update(symbols).digest("hex");
  const manifest: Manifest = {
    format: "gil-atlas",
    version: 1,
    vocabulary: { file: "vocabulary.txt", genes: GENES, sha256 },
    values: "counts",
    cells: CELLS * groups,
    columns: [],
    numbers: [],
    shards: [{ file: "cells-0.parquet", ...writer.finish(schemaOf(layout, 10), []) }],
    order: "as given",
    provenance: "a test",
  };
  writeFileSync(join(folder, "vocabulary.txt"), symbols);
  writeFileSync(join(folder, "atlas.json"), JSON.stringify(manifest));
}

/** Megabytes by which the memory of a process grew while it streamed an atlas. */
async function grownBy(place: string, memory: string, workers: number): Promise<number> {
  const program = join(import.meta.dirname!, "streaming_memory.ts");
  const options = [place, memory, String(workers), "random", "1"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", program, ...options],
  }).output();
  equal(new TextDecoder().decode(stderr), "");
  equal(code, 0);
  const { cells, grown } = JSON.parse(new TextDecoder().decode(stdout));
  equal(cells, 40 * CELLS);
  return grown;
}

Deno.test({
  name: "streamAtlas() stays within its memory, however slow whoever reads it is",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      writeDense(folder, 40);
      // 300 MB of entries: a stream that kept what it reads would show.
      for (const [memory, workers] of [["512MB", 2], ["260MB", 2], ["160MB", 0]] as const) {
        const grown = await grownBy(folder, memory, workers);
        ok(grown < parseInt(memory), `${workers} workers take ${grown} MB of ${memory}`);
      }
      await rejects(Array.fromAsync(streamAtlas(folder, { memory: "40MB" })), (error: Error) => {
        ok(error instanceof InputError);
        match(
          error.message,
          /^Cannot read an atlas: .* take about \d+ MB where 40 MB are allowed; allow more "memory", /,
        );
        return true;
      });
    }),
});

Deno.test("shareMemory() shares out what there is, and names the least that would do", () =>
  fc.assert(
    fc.property(
      fc.record({
        groups: fc.array(
          fc.record({
            cells: fc.integer({ min: 1, max: 5000 }),
            perCell: fc.nat(9000),
            bytes: fc.nat(2 ** 24),
          }),
          { minLength: 1, maxLength: 20 },
        ),
        window: fc.integer({ min: 1, max: 20_000 }),
        batch: fc.integer({ min: 1, max: 2000 }),
        workers: fc.nat(8),
        memory: fc.integer({ min: 0, max: 4e9 }),
        slow: fc.constantFrom(0, 2 ** 25, 3e8),
      }),
      ({ groups, window, batch, workers, memory, slow }) => {
        const demand: Demand = {
          groups: {
            cells: Uint32Array.from(groups, ({ cells }) => cells),
            entries: Float64Array.from(groups, ({ cells, perCell }) => cells * perCell),
            bytes: Float64Array.from(groups, ({ bytes }) => bytes),
          },
          window,
          batch,
          columns: [],
          short: true,
          slow,
        };
        try {
          const shares = shareMemory({ memory, workers }, demand);
          const each = shares.memory.window + shares.memory.batches + shares.memory.slow;
          ok(slow === 0 ? shares.memory.slow === 0 : shares.memory.slow >= slow);
          ok(shares.workers <= workers && Math.max(1, shares.workers) * each <= memory);
          const more = shareMemory({ memory: memory + 1e8, workers }, demand);
          ok(more.workers >= shares.workers);
        } catch (error) {
          ok(error instanceof Error && error.name === TOO_LITTLE_MEMORY);
          const least = Number(/about (\d+) MB/.exec(error.message)![1]) * 1e6;
          ok(least >= memory);
          equal(shareMemory({ memory: least, workers }, demand).workers, 0);
        }
      },
    ),
  ));
