/**
 * What keeping a run costs: `deno run -A bench/checkpoint.ts` prints a table, with `--json` JSON too.
 *
 * A real run of a method that has everything a bookmark can hold (trunk, branch, teacher, memory) is
 * kept after every step of its last stage. `--rounds 7` saves are measured at least, `--sizes demo`
 * leaves the larger model out.
 *
 * @module
 */

import { Effect } from "effect";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { decode, type PlainSchema } from "../core/decode.ts";
import { Experiment } from "../core/experiment.ts";
import * as plugins from "../plugins/mod.ts";
import { runExperiment } from "../streams/experiment/run_experiment.ts";
import { legsOf } from "../streams/legs.ts";
import type { Keeper } from "../streams/run.ts";
import { openRunFolder } from "../streams/run_folder/run_folder.ts";
import { megabytes, short, spread, tableLines } from "./train/table.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    sizes: { type: "string", default: "demo,large" },
    json: { type: "boolean", default: false },
  },
});
const rounds = Number(flags.rounds);

/** Seconds between bookmarks unless a user says otherwise. */
const DEFAULT_INTERVAL = 300;
/** Steps between bookmarks that are looked at beside it. */
const SHORT_INTERVALS = [1000, 100, 10, 1];

/** A model, and how its last stage gets as many steps as there are rounds. */
const sizes: Readonly<Record<string, object>> = {
  demo: {
    source: { use: "synthetic", cells: 2400, genes: 500, depth: 1200 },
    length: 48,
    architecture: {
      ...{ use: "transformer", layers: 2, width: 32, heads: 4, embedding: 32, dropout: 0 },
    },
    training: { batch: 32, epochs: [1, 1, 1], rate: 0.002, warmup: 50 },
  },
  large: {
    source: { use: "synthetic", cells: 160, genes: 20_000, depth: 3000 },
    length: 128,
    architecture: {
      ...{ use: "transformer", layers: 6, width: 256, heads: 8, embedding: 256, dropout: 0 },
    },
    training: { batch: 8, epochs: [1, 1, 3], rate: 0.0005, warmup: 50 },
  },
};

/** What was measured of a size. */
interface Measured {
  readonly size: string;
  readonly weights: number;
  /** Bytes of the largest checkpoint. */
  readonly bytes: number;
  readonly legs: number;
  /** Milliseconds of each step that was followed by a save, the save left out. */
  readonly steps: readonly number[];
  /** Milliseconds of each save: reading the engine, writing, and waiting for the disk. */
  readonly saves: readonly number[];
}

async function measure(size: string, folder: string): Promise<Measured> {
  const experiment = Effect.runSync(decode(
    Experiment as unknown as PlainSchema<Experiment>,
    {
      name: size,
      seeds: [1],
      sets: ["set-1", "set-2"].map((name) => ({ name, where: { dataset: name } })),
      curriculum: { use: "random-genes" },
      methods: {
        both: { replay: { use: "reservoir" }, distiller: { use: "gene-distillation" } },
      },
      evaluators: [{ use: "gene-regression", trials: 1 }],
      engine: { threads: 1 },
      ...sizes[size],
    },
    `Cannot measure size "${size}"`,
  ));
  const steps: number[] = [], saves: number[] = [];
  let bytes = 0, legs = 0, weights = 0, since = performance.now();
  await Effect.runPromise(Effect.scoped(runExperiment(experiment, plugins, {
    listeners: [],
    keep: Effect.fnUntraced(function* (opened) {
      const every = { steps: 1 };
      const open = yield* openRunFolder(folder, opened, { every, versions: {} });
      [legs, weights] = [legsOf(opened.run).length, opened.layout.size];
      const inner = open.run.keeper as Keeper;
      let began = 0;
      const keeper: Keeper = {
        ...inner,
        isDue(seed) {
          began = performance.now();
          return inner.isDue(seed);
        },
        async keep(bookmark) {
          await inner.keep(bookmark);
          const now = performance.now();
          if (bookmark.training?.teacher) {
            steps.push(began - since);
            saves.push(now - began);
            bytes = Math.max(bytes, newestBytes(join(folder, "checkpoints", "seed-1")));
          }
          since = performance.now();
        },
      };
      return { ...open, run: { ...open.run, keeper } };
    }),
  })));
  // The first step of a stage compiles.
  return { size, weights, bytes, legs, steps: steps.slice(1), saves: saves.slice(1) };
}

function newestBytes(shelf: string): number {
  const newest = join(shelf, readdirSync(shelf).sort().at(-1)!);
  return readdirSync(newest).reduce((sum, name) => sum + statSync(join(newest, name)).size, 0);
}

/** Median, least and most. */
function rangeOf(all: readonly number[]): [number, number, number] {
  const sorted = all.toSorted((a, b) => a - b);
  return [sorted[sorted.length >> 1], sorted[0], sorted[sorted.length - 1]];
}
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.001 ? 3 : 2)} %`;

/** Which share of its time a run saves, when it learns for so many milliseconds in between. */
const share = (save: number, between: number): number => save / (save + between);

function linesOf({ size, weights, bytes, steps, saves }: Measured): string[][] {
  const [step] = rangeOf(steps), save = rangeOf(saves);
  const row = (interval: string, between: number) => [
    ...[size, interval, short(weights / 1e6), megabytes(bytes), short(step), spread(save)],
    `${percent(share(save[0], between))} (${percent(share(save[1], between))}–${
      percent(share(save[2], between))
    })`,
  ];
  return [
    row("5 min", DEFAULT_INTERVAL * 1000),
    ...SHORT_INTERVALS.map((count) =>
      row(count === 1 ? "step" : `${count.toLocaleString("en")} steps`, count * step)
    ),
  ];
}

const measured: Measured[] = [];
for (const size of flags.sizes.split(",")) {
  const folder = mkdtempSync(join(tmpdir(), "gil-checkpoint-"));
  try {
    const found = await measure(size, join(folder, "run"));
    if (found.saves.length < Math.max(5, rounds)) {
      throw new Error(`Cannot measure "${size}": it was kept ${found.saves.length} times only`);
    }
    measured.push(found);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const head = ["size", "kept every", "M weights", "MB", "ms a step", "ms a save", "share of time"];
console.log(tableLines(head, measured.flatMap(linesOf)).join("\n"));
for (const { size, legs, saves } of measured) {
  const seconds = legs * rangeOf(saves)[0] / 1000;
  console.log(`${size}: the ends of its ${legs} legs take ${seconds.toFixed(2)} s more.`);
}
if (flags.json) console.log(JSON.stringify(measured));
