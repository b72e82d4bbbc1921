/**
 * A run under random kills and restarts: `deno run -A bench/soak.ts --minutes 30` says whether memory,
 * handles, tensors and files stay what they are.
 *
 * Lives last from a second to a few minutes; each ends with SIGKILL, now and then with SIGTERM. What a
 * process holds is seen from within (`soak_probe.ts`), at the end of each life. The last line is JSON
 * with `--json`. Linux only.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { keyOf, stream } from "../core/random.ts";
import type { Seen } from "./soak_probe.ts";
import { megabytes, tableLines } from "./train/table.ts";

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    seed: { type: "string", default: "1" },
    engine: { type: "string", default: "onnx" },
    json: { type: "boolean", default: false },
  },
});
const seconds = 60 * Number(flags.minutes), random = stream(keyOf(Number(flags.seed)));
random.at(0);

/** A life of the run, at its end. */
interface Life {
  /** Seconds since the soak began. */
  readonly at: number;
  readonly lasted: number;
  readonly signal: string;
  /** What the process held after a third of its life, when all is compiled, and at last. */
  readonly first: Seen;
  readonly last: Seen;
  readonly steps: number;
  /** Files in the folder of the run, and their bytes without the events', which are the run's own. */
  readonly files: number;
  readonly bytes: number;
  readonly events: number;
}

/** An experiment that does not end before the soak does. */
const experimentOf = (probe: string) => ({
  name: "soak",
  plugins: [fileURLToPath(new URL("soak_probe.ts", import.meta.url))],
  seeds: [1, 2],
  parallel: 2,
  source: { use: "synthetic", cells: 1200, genes: 300, depth: 600 },
  sets: ["set-1", "set-2"].map((name) => ({ name, where: { dataset: name }, label: "cell_type" })),
  curriculum: { use: "random-genes" },
  transforms: [{ use: "log1p" }, { use: "soak-probe", path: probe }],
  length: 24,
  architecture: { use: "transformer", layers: 1, width: 16, heads: 2, embedding: 16, dropout: 0.1 },
  // Short stages first, so that most of the soak has trunk, branch, teacher and memory.
  training: { batch: 16, epochs: [1, 1, 1_000_000], rate: 1e-5, warmup: 0 },
  methods: {
    both: { replay: { use: "reservoir", cells: 100 }, distiller: { use: "gene-distillation" } },
  },
  evaluators: [{ use: "gene-regression", trials: 1 }],
  engine: { use: flags.engine, ...(flags.engine === "onnx" ? { threads: 1 } : {}) },
});

/** Runs one life until `limit` seconds have passed, and kills it. */
async function live(folder: string, experiment: string, limit: number): Promise<string> {
  const begin = existsSync(join(folder, "experiment.json"))
    ? ["resume", folder]
    : ["run", experiment, "--output", folder];
  const child = spawn(
    process.execPath,
    ["run", "-A", "--no-check", "cli.ts", ...begin, "--checkpoint-every", "50 steps"],
    { cwd: fileURLToPath(new URL("..", import.meta.url)), stdio: ["ignore", "ignore", "pipe"] },
  );
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text) => told = (told + text).slice(-2000));
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
  const early = await Promise.race([ended, setTimeout(1000 * limit)]);
  if (early) throw new Error(`Cannot soak: the run ended by itself (${early.code}): ${told}`);
  const signal = random.uniform() < 0.2 ? "SIGTERM" : "SIGKILL";
  child.kill(signal);
  const { code } = await ended;
  if (signal === "SIGTERM" && code !== 130 && code !== null) {
    throw new Error(`Cannot soak: SIGTERM was answered with ${code}: ${told}`);
  }
  return signal;
}

/** What is in the folder of a run. */
function contents(folder: string): Pick<Life, "files" | "bytes" | "events" | "steps"> {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => ({ name, size: statSync(join(parentPath, name)).size }));
  const events = all.find(({ name }) => name === "events.jsonl")?.size ?? 0;
  const bytes = all.reduce((sum, { size }) => sum + size, 0) - events;
  const text = existsSync(join(folder, "events.jsonl"))
    ? readFileSync(join(folder, "events.jsonl"), "utf8")
    : "";
  return { files: all.length, bytes, events, steps: text.split('"type":"step"').length - 1 };
}

/** Soaks a run for so long; lives without a step are not looked at. */
async function soak(above: string): Promise<Life[]> {
  const folder = join(above, "run"), probe = join(above, "probe.jsonl");
  const experiment = join(above, "soak.json"), lives: Life[] = [], begun = performance.now();
  writeFileSync(experiment, JSON.stringify(experimentOf(probe)));
  for (let at = 0; at < seconds;) {
    writeFileSync(probe, "");
    // Mostly short lives, some long ones.
    const drawn = 2 + Math.min(40, seconds / 10) * random.exponential();
    const from = performance.now();
    const signal = await live(folder, experiment, Math.min(drawn, seconds - at));
    at = (performance.now() - begun) / 1000;
    const seen = readFileSync(probe, "utf8").split("\n").slice(0, -1)
      .map((line) => JSON.parse(line) as Seen);
    const [first, last] = [seen[Math.floor(seen.length / 3)], seen.at(-1)];
    if (!first || !last) continue;
    const lasted = (performance.now() - from) / 1000;
    lives.push({ at, lasted, signal, first, last, ...contents(folder) });
    console.error(line(lives.at(-1)!).join("  "));
  }
  return lives;
}

const HEAD = [
  ...["at", "ended by", "lived s", "steps so far", "MB early", "MB at last", "MB heap", "tensors"],
  ...["handles", "files", "MB of files", "bytes of events a step"],
];
const line = ({ at, signal, lasted, steps, first, last, files, bytes, events }: Life): string[] => [
  ...[`${at.toFixed(0)} s`, signal, lasted.toFixed(0), `${steps}`],
  ...[megabytes(first.rss), megabytes(last.rss), megabytes(last.heap)],
  ...[`${last.tensors}`, `${last.handles}`, `${files}`, (bytes / 1e6).toFixed(2)],
  `${steps > 0 ? Math.round(events / steps) : "–"}`,
];

const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[all.length >> 1] ?? NaN;

/** How much larger the median of the last third of lives is than that of the first. */
function growth(lives: readonly Life[], of: (life: Life) => number): number {
  const third = Math.max(1, Math.floor(lives.length / 3));
  const [early, late] = [
    median(lives.slice(0, third).map(of)),
    median(lives.slice(-third).map(of)),
  ];
  return late / Math.max(1, early);
}

/** What grows from life to life, or within a life, by more than measuring does. */
function verdict(all: readonly Life[]): string[] {
  const lives = all.filter(({ lasted }) => lasted > 3);
  const bounds = { "memory from life to life": 1.15, handles: 1.05, tensors: 1.05, files: 1.3 };
  const grown = {
    "memory from life to life": growth(lives, ({ last }) => last.rss),
    handles: growth(lives, ({ last }) => last.handles),
    tensors: growth(lives, ({ last }) => last.tensors),
    files: growth(lives, ({ files }) => files),
  };
  // A young process still takes what its engine and its garbage need.
  const long = lives.filter(({ lasted }) => lasted > 60);
  const within = median(long.map(({ first, last }) => last.rss / first.rss));
  return [
    ...Object.entries(grown).flatMap(([what, by]) =>
      by > bounds[what as keyof typeof bounds] ? [`${what} grew by ${by.toFixed(2)}`] : []
    ),
    ...(within > 1.3 ? [`memory within long lives grew by ${within.toFixed(2)}`] : []),
    ...(lives.length < 2 ? ["too few lives to tell"] : []),
  ];
}

const above = mkdtempSync(join(tmpdir(), "gil-soak-"));
try {
  const lives = await soak(above), grown = verdict(lives);
  console.log(tableLines(HEAD, lives.map(line)).join("\n"));
  console.log(grown.length === 0 ? "Flat." : `Not flat: ${grown.join(", ")}.`);
  if (flags.json) console.log(JSON.stringify({ minutes: flags.minutes, flat: grown, lives }));
  if (grown.length > 0) process.exitCode = 1;
} finally {
  rmSync(above, { recursive: true, force: true });
}
