/**
 * Runs on an atlas of which a row group cannot be read.
 *
 * @module
 */

import { Effect } from "effect";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunEvent } from "../core/events.ts";
import { runExperiment } from "../streams/experiment/run_experiment.ts";
import { syntheticAtlas } from "../streams/reading/synthesise.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { withFolder } from "./atlas_folder.ts";
import { experimentOf, registry } from "./resume_lives.ts";

const SHAPE = { genes: 40, cellTypes: 3, dataSets: 1, modules: 3, depth: 60, seed: 1 };

/** Runs a small experiment on an atlas of two row groups, the first of which is damaged. */
async function run(folder: string, onDamage: "fail" | "skip"): Promise<RunEvent[]> {
  const path = join(folder, onDamage), events: RunEvent[] = [];
  await Effect.runPromise(writeAtlas(path, syntheticAtlas({ ...SHAPE, cells: 1100 })));
  const shard = join(path, "cells-00000.parquet"), bytes = readFileSync(shard);
  // Within the first page of genes, behind its header.
  bytes[120] ^= 1;
  writeFileSync(shard, bytes);
  const experiment = experimentOf({
    source: { use: "atlas", path, onDamage },
    sets: ["T1", "T2"].map((name) => ({ name, label: "cell_type" })),
    training: { batch: 16, epochs: [1, 1], rate: 0.01, warmup: 3 },
  });
  const listeners = [(event: RunEvent) => void events.push(event)];
  await Effect.runPromise(Effect.scoped(runExperiment(experiment, registry, { listeners })));
  return events;
}

Deno.test("a run ends at a damaged row group, which it names", () =>
  withFolder(async (folder) => {
    await assert.rejects(run(folder, "fail"), {
      message: /^Cannot read atlas shard "cells-00000.parquet", row group 0: .*checksum/,
    });
  }));

Deno.test("a run that is told to skip what is damaged goes on, and says what it left out", () =>
  withFolder(async (folder) => {
    const events = await run(folder, "skip"), [warning, last] = events.slice(-2);
    assert.equal(last.type, "finished");
    assert.ok(warning.type === "warning");
    assert.match(
      warning.message,
      /^Cells were left out [\d,]+ times: .*"cells-00000.parquet", row group 0: .*checksum/,
    );
    assert.ok(events.some(({ type }) => type === "score"));
  }));
