/**
 * The command line: `gil <command>`; without a command, the demo.
 *
 * Standard output carries results, standard error carries progress. A command loads what it needs
 * when it runs, so that help is quick.
 *
 * @module
 */

import { NodeRuntime, NodeServices } from "@effect/platform-node";
import { Cause, Effect, Layer, Option, Schema } from "effect";
import { Argument, CliConfig, Command, Flag, GlobalFlag } from "effect/cli";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { formats } from "./core/report/tables/format.ts";
import { wrap } from "./core/report/wrap.ts";
import config from "./deno.json" with { type: "json" };
import { exitCodeOf, sentenceOf } from "./streams/console/ending.ts";
import { count, given, importing, json, overriding, text } from "./streams/console/flags.ts";
import { Screen } from "./streams/console/screen.ts";
import { usage } from "./streams/console/usage.ts";

const experiment = Argument.String("experiment").pipe(
  Argument.withDescription("Experiment file, JSON with comments"),
);
const folder = Argument.String("folder").pipe(Argument.withDescription("Folder of the atlas"));
const newAtlas = text("output", "folder", "New folder for the atlas");

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
    const { runFile } = yield* load(() => import("./streams/experiment/run_file.ts"));
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
    const { checkFile } = yield* load(() => import("./streams/experiment/check_file.ts"));
    const { planInWords } = yield* load(() => import("./core/report/run_in_words.ts"));
    const plan = yield* checkFile(experiment, yield* box, given(flags));
    yield* print(planInWords(plan, yield* width));
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
    const split = yield* load(() => import("./streams/experiment/split.ts"));
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
    const { readResults } = yield* load(() => import("./streams/experiment/read_results.ts"));
    const { reportsOf } = yield* load(() => import("./core/report/tables/report.ts"));
    const results = yield* Effect.forEach(runs, (run) => readResults(run));
    yield* print(reportsOf(results, format, yield* width));
  }),
).pipe(Command.withDescription("Print the table of runs again"));

const plugins = Command.make(
  "plugins",
  { json: json("Print the list as JSON") },
  Effect.fnUntraced(function* ({ json }) {
    const { describePlugins, pluginLines } = yield* load(() =>
      import("./core/report/describe_plugins.ts")
    );
    const { pluginsOf } = yield* load(() => import("./core/registry.ts"));
    const all = describePlugins(pluginsOf(yield* box));
    yield* print(json ? [JSON.stringify(all, null, 2)] : pluginLines(all, yield* width));
  }),
).pipe(Command.withDescription("List every plugin with its purpose and configuration"));

const importCommand = Command.make(
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
    options: importing,
  },
  Effect.fnUntraced(function* ({ inputs, output, vocabulary, options }) {
    const { importAtlas } = yield* load(() => import("./streams/import/import_atlas.ts"));
    const { readSymbols } = yield* load(() => import("./streams/import/read_symbols.ts"));
    const { writtenInWords } = yield* load(() => import("./streams/atlas/atlas_in_words.ts"));
    const { openCounter } = yield* load(() => import("./plugins/reporters/progress/counter.ts"));
    const genes = Option.isSome(vocabulary)
      ? { genes: yield* readSymbols(vocabulary.value) }
      : undefined;
    const request = { inputs, output, options: { ...given(options), ...genes } };
    const { manifest, notes } = yield* Effect.scoped(
      Effect.flatMap(
        openCounter("cells"),
        (show) => importAtlas(request, ({ done, all }) => show(done, all)),
      ),
    );
    const columns = yield* width;
    yield* print(
      [...notes, writtenInWords(output, manifest)].flatMap((line) => wrap(line, 2, columns)),
    );
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
  {
    folder,
    cells: count("cells", 5, "Number of cells"),
    json: json("Print a cell a line as JSON"),
  },
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
    cells: count("cells", 3000, "Number of cells"),
    genes: count("genes", 800, "Number of genes"),
    seed: count("seed", 1, "Seed of everything that is made up"),
  },
  Effect.fnUntraced(function* ({ output, ...shape }) {
    const { synthetic } = yield* box;
    const { writeAtlas } = yield* load(() => import("./streams/atlas/write_atlas.ts"));
    const { syntheticAtlas } = yield* load(() => import("./streams/reading/synthesise.ts"));
    const { writtenInWords } = yield* load(() => import("./streams/atlas/atlas_in_words.ts"));
    const whole = Schema.decodeUnknownSync(synthetic.config)(shape);
    const manifest = yield* writeAtlas(output, syntheticAtlas(whole));
    yield* print([writtenInWords(output, manifest)]);
  }),
).pipe(Command.withDescription("Make up an atlas of synthetic cells"));

const atlas = Command.make("atlas").pipe(
  Command.withDescription("Make, look at and check atlases"),
  Command.withSubcommands([importCommand, info, head, verify, synth]),
);

const gil = Command.make(
  "gil",
  {},
  Effect.fnUntraced(function* () {
    const { runFile } = yield* load(() => import("./streams/experiment/run_file.ts"));
    const demo = fileURLToPath(new URL("./experiments/demo.jsonc", import.meta.url));
    yield* runFile(demo, yield* box);
  }),
).pipe(
  Command.withDescription(
    "Gene-incremental learning on streams of single cells; without a command, a small comparison " +
      "of methods on synthetic cells",
  ),
  Command.withSubcommands([run, check, table, genes, plugins, atlas]),
);

const program = Command.run(gil, { version: config.version }).pipe(
  Effect.scoped,
  Effect.onError(Effect.fnUntraced(function* (cause) {
    const sentence = sentenceOf(cause), screen = yield* Screen;
    if (sentence !== undefined) screen.tell(`${sentence}\n`);
    if (process.env.GIL_DEBUG) screen.tell(`${Cause.pretty(cause)}\n`);
  })),
  Effect.provide(Layer.mergeAll(
    NodeServices.layer,
    usage,
    CliConfig.layer({
      builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions],
    }),
  )),
);

NodeRuntime.runMain(program, {
  disableErrorReporting: true,
  teardown: (exit, done) => done(exitCodeOf(exit)),
});
