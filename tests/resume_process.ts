/**
 * Runs of the command line in processes of their own, to be killed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Effect } from "effect";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { synthesise } from "../streams/reading/synthesise.ts";

/** Writes a small atlas into a folder; another seed, other cells. */
export async function writeSmallAtlas(path: string, seed = 2): Promise<void> {
  const shape = { cells: 200, genes: 60, cellTypes: 4, dataSets: 2, modules: 4, depth: 300, seed };
  const { vocabulary, values, columns, batches } = synthesise(shape);
  const input = { vocabulary, values, columns, numbers: [], provenance: "", batches: batches() };
  await Effect.runPromise(writeAtlas(path, input));
}

/** Writes an atlas and an experiment on it, with changes, into a folder; the experiment's path. */
export async function writeExperiment(folder: string, change: object = {}): Promise<string> {
  const atlas = join(folder, "atlas"), path = join(folder, "small.jsonc");
  if (!existsSync(atlas)) await writeSmallAtlas(atlas);
  writeFileSync(
    path,
    JSON.stringify({
      name: "small",
      seeds: [1, 2],
      parallel: 2,
      source: { use: "atlas", path: "./atlas" },
      sets: ["set-1", "set-2"].map((name) => ({
        name,
        where: { dataset: name },
        label: "cell_type",
      })),
      curriculum: { use: "important-genes", top: 8, clearRank: 2, lastRank: 6 },
      length: 12,
      architecture: {
        ...{ use: "transformer", layers: 1, width: 8, heads: 2, embedding: 8, dropout: 0.1 },
      },
      training: { batch: 8, epochs: 4, rate: 0.003, warmup: 3 },
      methods: {
        replay: { replay: { use: "reservoir", cells: 20 } },
        distillation: { distiller: { use: "gene-distillation" } },
        oracle: { stages: "joint" },
      },
      evaluators: [{ use: "gene-regression", trials: 1 }],
      engine: { use: "onnx", threads: 1 },
      ...change,
    }),
  );
  return path;
}

/** How a process has ended: its exit code, or the signal that ended it, and what it said. */
export interface Ending {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** A process of the command line. */
export interface Gil {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  /** What it has said on standard error so far. */
  err(): string;
}

/** Runs the command line as a user does. */
export function gil(args: readonly string[], wrapper: readonly string[] = []): Gil {
  const all = [...wrapper, process.execPath, "run", "-A", "--no-check", "cli.ts", ...args];
  const child = spawn(all[0], all.slice(1), {
    cwd: new URL("..", import.meta.url),
    env: { ...process.env, NO_COLOR: "1" },
  });
  let out = "", err = "";
  child.stdout.setEncoding("utf8").on("data", (text) => out += text);
  child.stderr.setEncoding("utf8").on("data", (text) => err += text);
  const ended = once(child, "close").then(([code, signal]) => ({ code: code ?? signal, out, err }));
  return { child, ended, err: () => err };
}

/** Waits until the run in a folder has told so many more bytes of events, or has ended. */
export async function untilTold(folder: string, { child }: Gil, more: number): Promise<void> {
  const events = join(folder, "events.jsonl");
  const size = () => existsSync(events) ? statSync(events).size : 0;
  // What is taken back at the beginning is not told yet.
  let least = size();
  while (child.exitCode === null && child.signalCode === null && size() - least < more) {
    await setTimeout(2);
    least = Math.min(least, size());
  }
}

/** Checks that people are told one sentence, and none of what programmers see. */
export function assertSentence(err: string, sentence: RegExp): void {
  assert.doesNotMatch(err, /\n {4}at |Error:|Uncaught|mistake in gil/);
  const last = err.trim().split("\n").at(-1) ?? "";
  assert.match(last, sentence);
}
