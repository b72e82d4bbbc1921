/**
 * Runs on an atlas of which row groups cannot be read.
 *
 * @module
 */

import { Effect } from "effect";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunEvent } from "../core/events.ts";
import { runExperiment } from "../streams/experiment/run_experiment.ts";
import { withFolder } from "./atlas_folder.ts";
import { damageGroup } from "./damaged_groups.ts";
import { assertSame } from "./first_difference.ts";
import { experimentOf, leftIn, live, registry } from "./resume_lives.ts";
import { writeGroups } from "./written_groups.ts";

/** Writes an atlas of which a third cannot be read. */
async function writeDamaged(path: string): Promise<void> {
  writeGroups(path, { seed: 1, shards: [[30, 30], [30]], genes: 24, expressed: 12 });
  await damageGroup(path, "cells-0.parquet", 1);
}

/** So small batches that of some no cell is left. */
const experimentOn = (path: string, onDamage: "fail" | "skip") =>
  experimentOf({
    source: { use: "atlas", path, onDamage },
    training: { batch: 2, epochs: [2, 3], rate: 0.01, warmup: 3 },
    methods: {
      baseline: {},
      replay: { replay: { use: "reservoir", cells: 5, mode: "concat" } },
      teacher: { distiller: { use: "gene-distillation" } },
    },
  });

async function run(path: string, onDamage: "fail" | "skip"): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const listeners = [(event: RunEvent) => void events.push(event)];
  await Effect.runPromise(
    Effect.scoped(runExperiment(experimentOn(path, onDamage), registry, { listeners })),
  );
  return events;
}

const weightsIn = (folder: string) => leftIn(folder).filter((file) => !file.startsWith("/events"));

/** What a run tells, but for the warning: it counts what was read again after a stop. */
const logOf = (folder: string) =>
  readFileSync(join(folder, "events.jsonl"), "utf8").split("\n")
    .filter((line) => !line.includes('"warning"'));

Deno.test("a run ends at a damaged row group, which it names", () =>
  withFolder(async (folder) => {
    await writeDamaged(folder);
    await assert.rejects(run(folder, "fail"), {
      message: /^Cannot read atlas shard "cells-0.parquet", row group 1: .*checksum/,
    });
  }));

Deno.test("a run that is told to skip what is damaged goes on, and says what it left out", () =>
  withFolder(async (folder) => {
    await writeDamaged(folder);
    const events = await run(folder, "skip"), [warning, last] = events.slice(-2);
    assert.equal(last.type, "finished");
    assert.ok(warning.type === "warning");
    assert.match(
      warning.message,
      /^Cells were left out [\d,]+ times: .*"cells-0.parquet", row group 1: .*checksum/,
    );
    assert.ok(events.some(({ type }) => type === "score"));
    const planned = events.flatMap((event) => event.type === "stage" ? [event.steps] : []);
    const steps = events.filter(({ type }) => type === "step").length;
    const all = planned.reduce((sum, steps) => sum + steps);
    assert.ok(steps < all, "no batch is empty");
    assert.ok(steps > all / 2, `${steps} of ${all} steps are made`);
    assert.ok(events.every((event) => event.type !== "step" || Number.isFinite(event.loss)));
  }));

Deno.test("a run that leaves cells out ends with the same bytes, wherever it was stopped", () =>
  withFolder(async (folder) => {
    const path = join(folder, "atlas"), every = { steps: 1000 };
    await writeDamaged(path);
    const experiment = experimentOn(path, "skip");
    let events = 0;
    const listen = () => void events++;
    const whole = join(folder, "whole"), cut = join(folder, "cut");
    assert.equal(await live(whole, { experiment, every, listen }), "finished");
    const pace = Math.floor(events / 7);
    let lives = 0, ended;
    do {
      ended = await live(cut, { experiment, every, end: { how: "stop", call: ++lives * pace } });
    } while (ended !== "finished");
    assert.ok(lives > 4);
    assertSame(weightsIn(cut), weightsIn(whole));
    assertSame(logOf(cut), logOf(whole));
  }));
