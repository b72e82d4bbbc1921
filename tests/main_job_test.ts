import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { Effect, Exit } from "effect";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import process from "node:process";
import type { RunEvent, Score } from "../core/events.ts";
import { decodeTensors } from "../core/model/safetensors.ts";
import { decodeEvents } from "../core/report/event_lines.ts";
import * as plugins from "../plugins/mod.ts";
import { loadExperiment } from "../streams/experiment/load_experiment.ts";
import type { OpenedRun } from "../streams/experiment/open_run.ts";
import { runExperiment } from "../streams/experiment/run_experiment.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { openRunFolder } from "../streams/run_folder/run_folder.ts";
import { synthesise } from "../streams/reading/synthesise.ts";
import { assertSame } from "./first_difference.ts";
import { folderOfTests } from "./atlas_folder.ts";

const folder = folderOfTests();
const shape = { cells: 240, genes: 60, cellTypes: 4, dataSets: 2, modules: 4, depth: 300, seed: 2 };

/** Writes the small atlas on which everything here runs, once. */
async function atlasOf(name: string, change: Partial<typeof shape> = {}): Promise<string> {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const { vocabulary, values, columns, batches } = synthesise({ ...shape, ...change });
  const input = { vocabulary, values, columns, numbers: [], provenance: "", batches: batches() };
  await Effect.runPromise(writeAtlas(path, input));
  return path;
}

/** A whole experiment that takes a second. */
const small = async () => ({
  name: "small",
  seeds: [1],
  source: { use: "atlas", path: await atlasOf("atlas") },
  sets: [
    { name: "set-1", where: { dataset: "set-1" }, label: "cell_type" },
    { name: "set-2", where: { dataset: "set-2" }, label: "cell_type" },
  ] as object[],
  curriculum: { use: "important-genes", top: 8, clearRank: 2, lastRank: 6 },
  sampler: { use: "long-tail" },
  length: 12,
  architecture: { use: "transformer", layers: 1, width: 8, heads: 2, embedding: 8, dropout: 0.1 },
  training: { batch: 16, epochs: 1, rate: 0.003, warmup: 3 },
  methods: {
    baseline: {},
    replay: { replay: { use: "reservoir", cells: 20 } },
    distillation: { distiller: { use: "gene-distillation" } },
    oracle: { stages: "joint" },
  },
  evaluators: [{ use: "gene-regression" }, { use: "gene-classification", epochs: 5 }],
  engine: { use: "onnx", threads: 1 },
});

async function fileOf(change: object): Promise<string> {
  const path = join(mkdtempSync(join(folder, "e-")), "small.jsonc");
  writeFileSync(path, JSON.stringify({ ...await small(), ...change }));
  return path;
}
const run = (path: string, listen: (event: RunEvent) => void, output?: string) =>
  Effect.scoped(Effect.gen(function* () {
    const { experiment, registry } = yield* loadExperiment(path, plugins);
    const keep = (opened: OpenedRun) =>
      openRunFolder(output!, opened, { every: { seconds: 300 }, versions: {} });
    yield* runExperiment(experiment, registry, {
      listeners: [listen],
      ...(output === undefined ? {} : { keep }),
    });
  }));

async function eventsOf(change: object = {}): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  await Effect.runPromise(run(await fileOf(change), (event) => events.push(event)));
  return events;
}
const scoresOf = (events: readonly RunEvent[]): Score[] =>
  events.flatMap((event) => event.type === "score" ? [event.score] : []);

/** The sentence with which a run fails, and what it told before. */
async function failure(change: object) {
  const events: RunEvent[] = [];
  const exit = await Effect.runPromiseExit(
    Effect.flip(run(await fileOf(change), (event) => events.push(event))),
  );
  assert.ok(Exit.isSuccess(exit), "it did not fail with a sentence");
  return { message: exit.value.message, events };
}

Deno.test("runExperiment() scores every method on every set, and the same twice in a process", async () => {
  const first = await eventsOf(), second = await eventsOf();
  const scores = scoresOf(first);
  assertSame(scores, scoresOf(second));
  for (const method of ["baseline", "replay", "distillation", "oracle"]) {
    for (const set of ["set-1", "set-2"]) {
      for (const evaluator of ["regression loss", "classification accuracy"]) {
        const end = scores.filter((s) =>
          s.method === method && s.set === set && s.evaluator === evaluator && s.after === 2
        );
        assert.equal(end.length, 3, `${method} ${set} ${evaluator}`);
        assert.ok(end.every(({ value }) => Number.isFinite(value)));
      }
    }
  }
});

Deno.test("runExperiment() gives a seed the same scores whatever runs beside it", async () => {
  const scores = async (change: object) =>
    scoresOf(await eventsOf(change)).filter(({ seed }) => seed === 2)
      .map(({ method, set, after, trial, evaluator, value }) =>
        [method, set, after, trial, evaluator, value].join()
      ).sort();
  const alone = await scores({ seeds: [2] });
  assert.ok(alone.length > 20);
  assertSame(await scores({ seeds: [1, 2] }), alone);
  assertSame(await scores({ seeds: [1, 2], parallel: 2 }), alone);
});

Deno.test("runExperiment() lets methods differ only after the first gene stage", async () => {
  const scores = scoresOf(await eventsOf());
  const values = (method: string, after: number) =>
    scores.filter((s) => s.method === method && s.after === after && s.set === "set-1")
      .map(({ value }) => value);
  assertSame(values("replay", 1), values("baseline", 1));
  assert.notDeepEqual(values("replay", 2), values("baseline", 2));
  assert.notDeepEqual(values("distillation", 2), values("baseline", 2));
});

Deno.test("runExperiment() keeps the weights of every stage, and memories, as safetensors", async () => {
  const output = join(mkdtempSync(join(folder, "o-")), "run");
  await Effect.runPromise(run(await fileOf({}), () => {}, output));
  const files = readdirSync(join(output, "models")).sort();
  assertSame(files, [
    "seed-1-stage-0.safetensors",
    "seed-1-stage-1-baseline-replay-distillation.safetensors",
    "seed-1-stage-2-baseline.safetensors",
    "seed-1-stage-2-distillation.safetensors",
    "seed-1-stage-2-oracle.safetensors",
    "seed-1-stage-2-replay.memory.safetensors",
    "seed-1-stage-2-replay.safetensors",
  ]);
  const read = (file: string) => decodeTensors(readFileSync(join(output, "models", file)), file);
  assertSame(read(files[2]).tensors.get("embedding.weight")?.shape, [63, 8]);
  const remembered = read(files[5]).tensors;
  assertSame(remembered.get("stage")?.values, BigInt64Array.of(1n));
  assertSame(remembered.get("0/cells")?.shape, [20]);
});

Deno.test("runExperiment() takes losses down, with every one of four seeds", async () => {
  const events = await eventsOf({
    seeds: [1, 2, 3, 4],
    methods: { baseline: {} },
    training: { batch: 16, epochs: [8, 1, 1], rate: 0.003, warmup: 3 },
    evaluators: [{ use: "gene-regression", trials: 1 }],
  });
  for (const seed of [1, 2, 3, 4]) {
    const losses = events.flatMap((event) =>
      event.type === "step" && event.seed === seed && event.stage === 0 ? [event.loss] : []
    );
    const mean = (all: number[]) => all.reduce((a, b) => a + b) / all.length;
    assert.ok(mean(losses.slice(-7)) < mean(losses.slice(0, 7)), `seed ${seed}`);
  }
});

Deno.test("runExperiment() refuses a label column that is not there, naming the nearest", async () => {
  const { sets, ...rest } = await small();
  const wrong = [{ ...sets[0], label: "celltype" }, sets[1]];
  const { message, events } = await failure({ ...rest, sets: wrong });
  assert.match(message, /Cannot find label column "celltype" of gene set "set-1": .*"cell_type"/);
  assert.equal(events.length, 0);
});

Deno.test("runExperiment() refuses labels of one class, sets without cells and unknown categories", async () => {
  const { sets: [first, second] } = await small();
  const one = await failure({ sets: [{ ...first, label: "dataset" }, second] });
  assert.match(one.message, /Cannot classify .* has the one class "set-1"; choose a column/);
  const none = await failure({ sets: [{ ...first, where: { dataset: "set-3" } }, second] });
  assert.match(none.message, /Cannot find "set-3" in column "dataset" .*did you mean/);
  const never = await failure({
    sets: [{ ...first, where: { dataset: "set-1", cell_type: "type-4" } }, second],
  });
  assert.match(never.message, /Cannot use gene set "set-1": no cell matches/);
  const unlabelled = await failure({ sets: [{ name: "set-1" }, second] });
  assert.match(unlabelled.message, /names no label column; add "label"/);
});

Deno.test("runExperiment() refuses a data set with another vocabulary", async () => {
  const { sets: [first, second] } = await small();
  const other = await atlasOf("other", { genes: 61 });
  const { message } = await failure({
    sets: [{ ...first, source: { use: "atlas", path: other } }, second],
  });
  assert.match(message, /Cannot use the source of gene set "set-1": its vocabulary differs/);
});

Deno.test("runExperiment() stops when the loss is no number, with what to try", async () => {
  const { message } = await failure({
    training: { batch: 16, epochs: 4, rate: 1e30, warmup: 0 },
  });
  assert.match(
    message,
    /Cannot go on after step \d+: the loss is (NaN|Infinity), first seen in \w+ "[\w.]+"; a lower/,
  );
});

/** Runs the command line as a user does. */
function gil(...args: string[]) {
  const child = spawn(process.execPath, ["run", "-A", "--no-check", "cli.ts", ...args], {
    cwd: new URL("..", import.meta.url),
    env: { ...process.env, NO_COLOR: "1" },
  });
  let out = "", err = "";
  child.stdout.on("data", (text) => out += text);
  child.stderr.on("data", (text) => err += text);
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, out, err }));
  return { child, ended, told: () => err };
}

Deno.test("gil run writes events that gil table prints again, and never overwrites them", async () => {
  const path = await fileOf({}), output = join(mkdtempSync(join(folder, "o-")), "run");
  const first = await gil("run", path, "--output", output).ended;
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /baseline +set-1 /);
  const events = decodeEvents(readFileSync(join(output, "events.jsonl"), "utf8"));
  assert.equal([...events].at(-1)?.type, "finished");

  const again = await gil("table", output).ended;
  assert.equal(again.out.trim(), first.out.trim());
  const second = await gil("run", path, "--output", output).ended;
  assert.equal(second.code, 1);
  assert.match(second.err, /holds a run that finished; name another folder/);
});

Deno.test("gil ends with 130 and without a trace when it is interrupted", async () => {
  const path = await fileOf({ training: { batch: 16, epochs: 500, rate: 1e-4, warmup: 0 } });
  const { child, ended, told } = gil("run", path);
  for (let i = 0; i < 200 && !/loss/.test(told()); i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill("SIGINT");
  const { code, signal, err } = await ended;
  // A code of 128 and more is told as the signal that it stands for.
  assert.equal(code ?? signal, code === null ? "SIGINT" : 130, err);
  assert.match(err, /Interrupted/);
  assert.doesNotMatch(err, / {4}at |Error:/);
});

Deno.test("gil answers a typo with one sentence and exit code 2", async () => {
  const { code, err, out } = await gil("run", await fileOf({ lenght: 3 })).ended;
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.match(
    err.trim(),
    /^Cannot read experiment ".*": "lenght" is not a known key; did you mean "length"\?$/,
  );
});

for (const name of ["norman_lupus", "icol_adamson", "lupus_panc", "icol_myel_panc"]) {
  Deno.test(`gil check passes the paper's setting ${name} on an atlas that has its data sets`, async () => {
    const { code, out, err } = await gil(
      "check",
      `experiments/paper/${name}.jsonc`,
      "--atlas",
      await paperAtlas(),
    ).ended;
    assert.equal(code, 0, err);
    assert.match(out, /steps/);
  });
}

/** A small atlas with the paper's names for its data sets and labels. */
async function paperAtlas(): Promise<string> {
  const to = join(folder, "paper");
  if (existsSync(to)) return to;
  const { vocabulary, values, columns, batches } = synthesise({
    ...shape,
    cells: 900,
    genes: 700,
    dataSets: 6,
  });
  const names = ["norman", "lupus", "icol", "adamson", "panc", "myel"];
  await Effect.runPromise(writeAtlas(to, {
    vocabulary,
    values,
    numbers: [],
    provenance: "",
    columns: [{ ...columns[0], categories: names }, { ...columns[1], name: "label" }],
    batches: (async function* () {
      for await (const batch of batches()) {
        const { dataset, cell_type } = batch.obs;
        yield { ...batch, obs: { dataset, label: cell_type } };
      }
    })(),
  }));
  return to;
}
