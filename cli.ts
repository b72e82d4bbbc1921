/**
 * The command line: `gil <command>`; without a command, the demo.
 *
 * Standard output carries results, standard error carries progress. A command loads what it needs
 * when it runs, so that help is quick.
 *
 * @module
 */

import { NodeRuntime, NodeServices } from "@effect/platform-node";
import { Console, Effect, Layer, Option } from "effect";
import { Argument, CliConfig, CliOutput, Command, Flag, GlobalFlag } from "effect/cli";
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { formats } from "./core/tables/format.ts";
import { capital } from "./core/wrap.ts";
import config from "./deno.json" with { type: "json" };
import { exitCodeOf, sentenceOf } from "./streams/ending.ts";
import { Screen } from "./streams/screen.ts";

const DEMO = fileURLToPath(new URL("./experiments/demo.jsonc", import.meta.url));

const experiment = Argument.String("experiment").pipe(
  Argument.withDescription("Experiment file, JSON with comments"),
);
const folder = Argument.String("folder").pipe(Argument.withDescription("Folder of the atlas"));
const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description));
const list = (name: string, metavar: string, description: string) =>
  text(name, metavar, description).pipe(
    Flag.map((words) => words.split(",").map((word) => word.trim())),
  );
const whole = (name: string, fallback: number, description: string) =>
  Flag.Int(name).pipe(Flag.withDescription(description), Flag.withDefault(fallback));
const json = (description: string) =>
  Flag.Boolean("json").pipe(Flag.withDescription(description), Flag.withDefault(false));

/** Flags that replace what an experiment file says. */
const overriding = {
  seeds: list("seeds", "1,2,3", "Seeds in the place of the experiment's").pipe(
    Flag.filter(
      (seeds) => seeds.every((seed) => /^\d+$/.test(seed)),
      () => "Expected whole numbers separated by commas",
    ),
    Flag.map((seeds) => seeds.map(Number)),
    Flag.optional,
  ),
  engine: text("engine", "id", "Engine in the place of the experiment's").pipe(
    Flag.map((use) => ({ use })),
    Flag.optional,
  ),
  source: text("atlas", "folder", "Atlas in the place of the experiment's source").pipe(
    Flag.map((folder) => ({ use: "atlas", path: resolve(folder) })),
    Flag.optional,
  ),
};

/** The flags that were given, by name. */
const given = (flags: Readonly<Record<string, Option.Option<unknown>>>) =>
  Object.fromEntries(
    Object.entries(flags).flatMap(([name, value]) =>
      Option.isSome(value) ? [[name, value.value]] : []
    ),
  );
const load = <A>(module: () => Promise<A>) => Effect.promise(module);
const box = load(() => import("./plugins/mod.ts"));
const width = Effect.map(Screen, (screen) => screen.output().columns);
const print = (lines: readonly string[]) =>
  Effect.map(Screen, (screen) => screen.print(lines.join("\n") + "\n"));

const run = Command.make(
  "run",
  {
    experiment,
    output: text("output", "folder", "New folder that keeps the events of the run").pipe(
      Flag.optional,
    ),
    ...overriding,
    json: json("Print every event as a line of JSON instead of the table"),
  },
  Effect.fnUntraced(function* ({ experiment, output, json, ...flags }) {
    const { runFile } = yield* load(() => import("./streams/run_file.ts"));
    yield* runFile(experiment, yield* box, {
      overrides: given(flags),
      output: Option.getOrUndefined(output),
      results: json ? "events" : "table",
    });
  }),
).pipe(Command.withDescription("Train and judge every method of an experiment"));

const check = Command.make(
  "check",
  { experiment, ...overriding },
  Effect.fnUntraced(function* ({ experiment, ...flags }) {
    const { checkFile } = yield* load(() => import("./streams/check_file.ts"));
    const { planInWords } = yield* load(() => import("./core/run_in_words.ts"));
    yield* print(planInWords(yield* checkFile(experiment, yield* box, given(flags))));
  }),
).pipe(Command.withDescription("Say what a run would be, or what keeps it from starting"));

const genes = Command.make(
  "genes",
  {
    experiment,
    output: text("output", "file", 'New file for the split, as the curriculum "listed" reads it')
      .pipe(Flag.optional),
    ...overriding,
  },
  Effect.fnUntraced(function* ({ experiment, output, ...flags }) {
    const split = yield* load(() => import("./streams/split.ts"));
    const found = yield* split.splitOfFile(experiment, yield* box, given(flags));
    if (Option.isSome(output)) yield* split.writeSplit(output.value, found);
    yield* print(split.splitInWords(found, yield* width));
  }),
).pipe(Command.withDescription("Print the genes of each stage, and save the split"));

const table = Command.make(
  "table",
  {
    runs: Argument.String("run").pipe(
      Argument.withDescription("Folder of a run, or its file of events"),
      Argument.variadic({ min: 1 }),
    ),
    format: Flag.Literals("format", formats).pipe(
      Flag.withDescription("How the table is written"),
      Flag.withDefault("text" as const),
    ),
  },
  Effect.fnUntraced(function* ({ runs, format }) {
    const { readResults } = yield* load(() => import("./streams/read_results.ts"));
    const { reportsOf } = yield* load(() => import("./core/tables/report.ts"));
    const results = yield* Effect.forEach(runs, (run) => readResults(run));
    yield* print(reportsOf(results, format, yield* width));
  }),
).pipe(Command.withDescription("Print the table of runs again"));

const plugins = Command.make(
  "plugins",
  { json: json("Print the list as JSON") },
  Effect.fnUntraced(function* ({ json }) {
    const { describePlugins, pluginLines } = yield* load(() =>
      import("./core/describe_plugins.ts")
    );
    const { pluginsOf } = yield* load(() => import("./core/registry.ts"));
    const all = describePlugins(pluginsOf(yield* box));
    yield* print(json ? [JSON.stringify(all, null, 2)] : pluginLines(all, yield* width));
  }),
).pipe(Command.withDescription("List every plugin with its purpose and configuration"));

/** A flag for each option of an import, but for the vocabulary, which comes from a file. */
const importFlags = Object.fromEntries(
  optionsOf(ImportOptions).filter(({ name }) => name !== "genes").map((option) => {
    const { name, type, description, default: fallback } = option;
    const what = capital(description) +
      (fallback === undefined ? "" : `; ${JSON.stringify(fallback)} unless given`);
    const flag: Flag.Flag<unknown> = type.startsWith("list")
      ? list(name, "a,b", what)
      : type.startsWith("number")
      ? Flag.Finite(name).pipe(Flag.withDescription(what))
      : text(name, "text", what);
    return [name, Flag.optional(flag)];
  }),
);
const newAtlas = text("output", "folder", "Folder of the new atlas");

const importing = Command.make(
  "import",
  {
    inputs: Argument.String("input").pipe(
      Argument.withDescription("An h5ad file or a folder with Matrix Market files, or name=path"),
      Argument.variadic({ min: 1 }),
    ),
    output: newAtlas,
    vocabulary: text("genes", "file", "Vocabulary, a symbol a line; all symbols unless given").pipe(
      Flag.optional,
    ),
    options: importFlags,
  },
  Effect.fnUntraced(function* ({ inputs, output, vocabulary, options }) {
    const { importAtlas } = yield* load(() => import("./streams/import/import_atlas.ts"));
    const { readSymbols } = yield* load(() => import("./streams/import/read_symbols.ts"));
    const { openGauge } = yield* load(() => import("./plugins/reporters/progress/gauge.ts"));
    const { counted } = yield* load(() => import("./plugins/reporters/progress/counted.ts"));
    const genes = Option.isSome(vocabulary)
      ? { genes: yield* readSymbols(vocabulary.value) }
      : undefined;
    const screen = yield* Screen, began = screen.now();
    const gauge = yield* openGauge(screen, 5);
    const { notes } = yield* importAtlas(
      { inputs, output, options: { ...given(options), ...genes } },
      ({ done, all }) => {
        gauge.show(counted({ done, total: all, noun: "cells", seconds: screen.now() - began }));
      },
    );
    gauge.hide();
    yield* print(notes);
  }),
).pipe(Command.withDescription("Write h5ad files and Matrix Market folders as one atlas"));

const info = Command.make(
  "info",
  { folder, json: json("Print it as JSON") },
  Effect.fnUntraced(function* ({ folder, json }) {
    const { describeAtlas } = yield* load(() => import("./streams/atlas/describe_atlas.ts"));
    const { atlasInWords } = yield* load(() => import("./streams/atlas/atlas_in_words.ts"));
    const found = yield* describeAtlas(folder);
    yield* print(json ? [JSON.stringify(found, null, 2)] : atlasInWords(found, yield* width));
  }),
).pipe(Command.withDescription("Say what an atlas holds"));

const head = Command.make(
  "head",
  { folder, cells: whole("cells", 5, "Number of cells"), json: json("Print a cell a line as JSON") },
  Effect.fnUntraced(function* ({ folder, cells, json }) {
    const { headOf } = yield* load(() => import("./streams/atlas/head_of.ts"));
    const { cellsInWords } = yield* load(() => import("./streams/atlas/atlas_in_words.ts"));
    const found = yield* headOf(folder, cells);
    yield* print(
      json ? found.map((cell) => JSON.stringify(cell)) : cellsInWords(found, yield* width),
    );
  }),
).pipe(Command.withDescription("Show the first cells of an atlas"));

const verify = Command.make(
  "verify",
  { folder },
  Effect.fnUntraced(function* ({ folder }) {
    const { verifyAtlas } = yield* load(() => import("./streams/atlas/verify_atlas.ts"));
    const cells = yield* verifyAtlas(folder);
    yield* print([`${cells.toLocaleString("en")} cells, every byte as it was written`]);
  }),
).pipe(Command.withDescription("Read every byte of an atlas and compare it with its hashes"));

const synth = Command.make(
  "synth",
  {
    output: newAtlas,
    cells: whole("cells", 3000, "Number of cells"),
    genes: whole("genes", 800, "Number of genes"),
    seed: whole("seed", 1, "Seed of everything that is made up"),
  },
  Effect.fnUntraced(function* ({ output, ...shape }) {
    const { writeSynthetic } = yield* load(() => import("./plugins/sources/synthetic.ts"));
    yield* writeSynthetic(output, shape);
  }),
).pipe(Command.withDescription("Make up an atlas of synthetic cells"));
