import assert from "node:assert/strict";
import { Effect } from "effect";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as box from "../plugins/mod.ts";
import { Screen } from "../streams/console/screen.ts";
import { loadExperiment } from "../streams/experiment/load_experiment.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { spyScreen } from "./laws/spy_screen.ts";
import { declared, type Ended, type Place, withPlace } from "./permitted.ts";

/** An experiment of seconds on made-up cells, which are kept in the cache folder. */
const tiny = {
  name: "tiny",
  seeds: [1],
  source: { use: "synthetic", cells: 200, genes: 40 },
  sets: [{ name: "set-1", where: { dataset: "set-1" } }, {
    name: "set-2",
    where: { dataset: "set-2" },
  }],
  curriculum: { use: "important-genes", top: 8, clearRank: 2, lastRank: 6 },
  length: 8,
  architecture: { use: "transformer", layers: 1, width: 4, heads: 2, embedding: 4 },
  training: { batch: 16, epochs: 2, rate: 0.003, warmup: 3 },
  methods: { baseline: {}, replay: { replay: { use: "reservoir", cells: 20 } } },
  evaluators: [{ use: "gene-regression", trials: 1 }],
};

function experimentIn({ work }: Place, change: object = {}): string {
  writeFileSync(join(work, "tiny.jsonc"), JSON.stringify({ ...tiny, ...change }));
  return "tiny.jsonc";
}

/** A command that ended well was denied nothing. */
function allowed({ code, out, err }: Ended): string {
  assert.equal(code, 0, err);
  assert.doesNotMatch(err, /NotCapable|Requires .* access/);
  return out;
}

Deno.test("the task gil has no net, runs at most a compiler, and lists what it needs of the system", () => {
  for (const flag of declared.filter((flag) => flag !== "--no-prompt")) {
    assert.match(
      flag,
      /^--allow-(read|write|ffi|env=[A-Z_*,\d]+|sys=[A-Za-z,]+|run=((gcc|clang|cc)(,|$))+)$/,
    );
    assert.doesNotMatch(flag, /=(.*,)?\*/);
  }
});

Deno.test("every command gets by with what the task declares", () =>
  withPlace(async (place) => {
    const experiment = experimentIn(place);
    const gil = async (...args: string[]) => allowed(await place.gil(args));
    await Promise.all([
      gil("--help"),
      gil("plugins"),
      gil("check", experiment),
      gil("atlas", "synth", "--output", "made", "--cells", "40", "--genes", "30"),
    ]);
    assert.match(await gil("run", experiment, "--output", "run"), /regression loss/);
    const model = "run/models/seed-1-stage-0.safetensors";
    const [table] = await Promise.all([
      gil("table", "run", "--format", "csv"),
      gil("genes", experiment, "--output", "split.json"),
      gil("weights", model, "--output", "there.safetensors", "--names", "reference"),
      ...["info", "head", "verify", "stats"].map((look) => gil("atlas", look, "made")),
    ]);
    assert.match(table, /^run,method/);
    await gil("check", experiment, "--from", "there.safetensors");
  }));

Deno.test("gil run that was stopped, and gil resume, get by with what the task declares", () =>
  withPlace(async (place) => {
    const experiment = experimentIn(place, {
      training: { ...tiny.training, epochs: [150, 1] },
      methods: { baseline: {} },
    });
    const shelf = join(place.work, "run", "checkpoints", "seed-1");
    const stopped = await place.gil(
      ["run", experiment, "--output", "run", "--checkpoint-every", "20 steps"],
      { until: () => existsSync(shelf) && readdirSync(shelf).includes("000002") },
    );
    assert.match(stopped.err, /"gil resume run" goes on with it/);
    allowed(await place.gil(["resume", "run"]));
    assert.match(readFileSync(join(place.work, "run", "events.jsonl"), "utf8"), /"finished"\}\n$/);
  }));

Deno.test("gil doctor tries engines with what the task declares", () =>
  withPlace(async ({ gil }) => {
    const engines = JSON.parse(allowed(await gil(["doctor", "--json"])));
    assert.doesNotMatch(JSON.stringify(engines), /NotCapable|Requires \S+ access/);
  }));

Deno.test("gil atlas import reads HDF5 files without the environment", () =>
  withPlace(async ({ gil }) => {
    const lzf = new URL("fixtures/lzf.h5ad", import.meta.url);
    const { err } = await gil(["atlas", "import", lzf.pathname, "--output", "made"]);
    // The file is read as far as its compression, which the library does not know.
    assert.match(err, /^Cannot read ".*": "X\/data" is compressed with lzf/);
  }));

Deno.test("gil run writes to its output and cache folders and nowhere else", () =>
  withPlace(async (place) => {
    const experiment = experimentIn(place), before = place.holds();
    const cache = join(place.home, ".cache", "gil"), output = join(place.work, "run");
    const permissions = declared.map((flag) =>
      flag === "--allow-write" ? `${flag}=${output},${cache}` : flag
    );
    allowed(await place.gil(["run", experiment, "--output", "run"], { permissions }));
    const made = place.holds().filter((name) => !before.includes(name));
    // Also libraries, which nobody can keep from writing, have written nothing.
    const elsewhere = made.filter((name) =>
      !/^work\/run(\/|$)|^home\/\.cache(\/gil(\/|$)|$)/.test(name)
    );
    assertSame(elsewhere, []);
    assert.ok(made.includes("work/run/events.jsonl") && made.length > 8);
  }));

Deno.test("loadExperiment() names every plugin module before the first one runs", () =>
  withFolder(async (folder) => {
    const screen = spyScreen("pipe");
    Object.assign(globalThis, { toldWhenLoaded: undefined, toldSoFar: screen.told });
    const plugin = new URL("../core/plugin.ts", import.meta.url).href;
    const module = (id: string) =>
      `import { transform } from ${JSON.stringify(plugin)};
      globalThis.toldWhenLoaded ??= globalThis.toldSoFar();
      export const it = transform({ id: "${id}", purpose: "is there", config: {}, make: () => (x) => x });`;
    for (const id of ["one", "two"]) writeFileSync(join(folder, `${id}.ts`), module(id));
    const path = join(folder, "tiny.json");
    const load = (plugins: readonly string[]) => {
      writeFileSync(path, JSON.stringify({ ...tiny, plugins }));
      const loading = loadExperiment(path, box).pipe(Effect.provideService(Screen, screen));
      return Effect.runPromise(loading);
    };
    await load([]);
    assert.equal(screen.told(), "");
    await load(["./one.ts", "./two.ts"]);
    const line = "Loads plugins from ./one.ts, ./two.ts\n";
    assert.equal((globalThis as { toldWhenLoaded?: string }).toldWhenLoaded, line);
    assert.equal(screen.told(), line);
  }));

Deno.test("loadExperiment() runs no program that an experiment file holds", () =>
  withFolder(async (folder) => {
    const path = join(folder, "tiny.json");
    for (const name of ["data:text/javascript,globalThis.ran=true", " DATA:,x", "blob:null/1"]) {
      writeFileSync(path, JSON.stringify({ ...tiny, plugins: [name] }));
      const { message } = await Effect.runPromise(Effect.flip(loadExperiment(path, box)));
      assert.match(
        message,
        /^Cannot load plugins from ".*": an experiment file holds no programs; /,
      );
    }
    assert.equal("ran" in globalThis, false);
  }));

/** Ways to make a program of text, each with the files that may go it, and why that is no harm. */
const programs: readonly {
  readonly way: RegExp;
  readonly may: Readonly<Record<string, string>>;
}[] = [
  {
    way: /\beval\s*\(|\bFunction\s*\(|\bnode:vm\b|\bpickle/i,
    may: {
      "streams/parquet/look_up.ts": "text made of widths alone",
      "streams/parquet/pack.ts": "text made of widths alone",
      "streams/parquet/plain.ts": "text made of types of arrays alone",
      "streams/parquet/unpack.ts": "text made of widths alone",
    },
  },
  {
    way: /\bimport\s*\(\s*(?!["'\s)])|\brequire\s*\(\s*(?!["'\s)])/,
    may: {
      "streams/experiment/load_experiment.ts": "plugins that the experiment names, told before",
      "plugins/engines/tensorflow/addon.ts": "the addon of its package, by the package's own path",
    },
  },
];

Deno.test("nothing makes a program of data", () => {
  const root = new URL("../", import.meta.url);
  const files = ["core", "streams", "plugins"].flatMap((ring) =>
    readdirSync(new URL(ring, root), { recursive: true }).map((name) => `${ring}/${name}`)
  ).filter((path) => path.endsWith(".ts"));
  assert.ok(files.length > 200);
  for (const { way, may } of programs) {
    const found = [...files, "cli.ts", "mod.ts"].filter((path) =>
      way.test(readFileSync(new URL(path, root), "utf8").replace(/^\s*(\*|\/\/|\/\*\*).*$/gm, ""))
    );
    assertSame(found.toSorted(), Object.keys(may).toSorted());
  }
});
