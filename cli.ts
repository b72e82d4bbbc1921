/**
 * The command line: `gil <command>`; without a command, the demo.
 *
 * Standard output carries results, standard error carries progress. A command loads what it needs
 * when it runs, so that help is quick.
 *
 * @module
 */

import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import { Cause, Effect, Layer, Option, Schema } from "effect";
import { Argument, CliConfig, Command, Flag, GlobalFlag } from "effect/cli";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { formats } from "./core/report/tables/format.ts";
import config from "./deno.json" with { type: "json" };
import { exitCodeOf, exitCodes, tellEnding } from "./streams/console/ending.ts";
import { atlasCommand } from "./streams/console/atlas_command.ts";
import { load, print, printAsIs, printJson, width } from "./streams/console/command.ts";
import { json, onChangedPlugins, overridesOf, overriding, text } from "./streams/console/flags.ts";
import { usage } from "./streams/console/usage.ts";

const experiment = Argument.String("experiment").pipe(
  Argument.withDescription("Experiment file, JSON with comments"),
);

const box = load(() => import("./plugins/mod.ts"));
const atlas = atlasCommand((shape) =>
  Effect.map(box, ({ synthetic }) => Schema.decodeUnknownSync(synthetic.config)(shape))
);

const kept = {
  every: text(
    "checkpoint-every",
    "5min",
    'How often a run is kept within a stage: "5min", "500 steps"',
  ).pipe(Flag.withDefault("5min")),
  json: json("Print every event as a line of JSON instead of the table"),
};
/** How a run is kept and what it prints, as its flags say. */
const options = Effect.fnUntraced(function* (every: string, json: boolean) {
  const { intervalOf } = yield* load(() => import("./streams/run_folder/interval.ts"));
  return {
    every: yield* intervalOf(every),
    versions: { gil: config.version, deno: process.versions.deno ?? "none" },
    results: json ? "events" as const : "table" as const,
  };
});

const run = Command.make(
  "run",
  {
    experiment,
    output: text("output", "folder", "New folder that keeps the run").pipe(Flag.optional),
    ...overriding,
    ...kept,
  },
  Effect.fnUntraced(function* ({ experiment, output, every, json, ...flags }) {
    const { runFile } = yield* load(() => import("./streams/experiment/run_file.ts"));
    yield* runFile(experiment, yield* box, {
      ...yield* options(every, json),
      overrides: overridesOf(flags),
      output: Option.getOrUndefined(output),
    });
  }),
).pipe(Command.withDescription("Train and judge every method of an experiment"));

const resume = Command.make(
  "resume",
  {
    run: Argument.String("run").pipe(Argument.withDescription("Folder of a run that was stopped")),
    onChangedPlugins,
    ...kept,
  },
  Effect.fnUntraced(function* ({ run, every, json, onChangedPlugins }) {
    const { resumeRun } = yield* load(() => import("./streams/experiment/run_file.ts"));
    yield* resumeRun(run, yield* box, { ...yield* options(every, json), onChangedPlugins });
  }),
).pipe(Command.withDescription("Go on with a run, to the end it would have had undisturbed"));

const check = Command.make(
  "check",
  { experiment, ...overriding },
  Effect.fnUntraced(function* ({ experiment, ...flags }) {
    const { checkFile } = yield* load(() => import("./streams/experiment/check_file.ts"));
    const { planInWords } = yield* load(() => import("./core/report/run_in_words.ts"));
    const plan = yield* checkFile(experiment, yield* box, overridesOf(flags));
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
    const found = yield* split.splitOfFile(experiment, yield* box, overridesOf(flags));
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
    // A report has made its lines printable, but for CSV, which is for programs.
    yield* printAsIs(reportsOf(results, format, yield* width));
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
    yield* json ? printJson(all) : print(pluginLines(all, yield* width));
  }),
).pipe(Command.withDescription("List every plugin with its purpose and configuration"));

const schema = Command.make(
  "schema",
  {},
  Effect.fnUntraced(function* () {
    const { experimentSchema } = yield* load(() => import("./core/report/experiment_schema.ts"));
    const { pluginsOf } = yield* load(() => import("./core/registry.ts"));
    yield* printJson(experimentSchema(pluginsOf(yield* box)));
  }),
).pipe(Command.withDescription("Print the JSON Schema of experiment files, for editors"));

const weights = Command.make(
  "weights",
  {
    weights: Argument.String("weights").pipe(
      Argument.withDescription("Weights file, checkpoint or folder of a run"),
    ),
    output: text("output", "file", "New safetensors file for the weights").pipe(Flag.optional),
    names: Flag.Literals("names", ["gil", "reference"]).pipe(
      Flag.withDescription("Whose names and axes: gil's in a new file unless given"),
      Flag.optional,
    ),
  },
  Effect.fnUntraced(function* ({ weights, output, names }) {
    const { handOver } = yield* load(() => import("./streams/weights/hand_over.ts"));
    yield* print(
      yield* handOver(weights, {
        output: Option.getOrUndefined(output),
        names: Option.getOrUndefined(names),
      }),
    );
  }),
).pipe(Command.withDescription("List the weights of a model, or hand them over as a file"));

const doctor = Command.make(
  "doctor",
  { json: json("Print it as JSON") },
  Effect.fnUntraced(function* ({ json }) {
    const { examineEngines, trusted } = yield* load(() => import("./streams/doctor/examine.ts"));
    const { enginesInWords } = yield* load(() => import("./streams/doctor/engines_in_words.ts"));
    const { cacheInWords } = yield* load(() => import("./streams/doctor/cache_in_words.ts"));
    const found = yield* examineEngines(yield* box), columns = yield* width;
    const text = () => [...enginesInWords(found, columns), ...cacheInWords(found, columns)];
    yield* json ? printJson(found) : print(text());
    yield* trusted(found);
  }),
).pipe(Command.withDescription("Try every engine: whether it is there, how fast, and how exact"));

const gil = Command.make(
  "gil",
  {},
  Effect.fnUntraced(function* () {
    const { runFile } = yield* load(() => import("./streams/experiment/run_file.ts"));
    const demo = fileURLToPath(new URL("./experiments/demo.jsonc", import.meta.url));
    yield* runFile(demo, yield* box, yield* options("5min", false));
  }),
).pipe(
  Command.withDescription(
    "Gene-incremental learning on streams of single cells; without a command, a small comparison " +
      "of methods on synthetic cells",
  ),
  Command.withSubcommands([
    run,
    resume,
    check,
    table,
    genes,
    weights,
    plugins,
    schema,
    doctor,
    atlas,
  ]),
);

const program = Command.run(gil, { version: config.version }).pipe(
  Effect.scoped,
  Effect.onError(tellEnding),
  Effect.provide(Layer.mergeAll(
    NodeServices.layer,
    usage,
    CliConfig.layer({
      builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions],
    }),
  )),
);

// The first of these lets a run end where it can go on; a second one is meant at once.
let asked = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (++asked > 1) process.exit(exitCodes.interrupted);
  });
}

// What a plugin begins and nobody waits for. A run goes on from what was kept before.
for (const event of ["unhandledRejection", "uncaughtException"] as const) {
  process.on(event, (thrown: unknown) => {
    Effect.runSync(tellEnding(Cause.die(thrown)));
    process.exit(exitCodes.failed);
  });
}

NodeRuntime.runMain(program, {
  disableErrorReporting: true,
  teardown: (exit, done) => done(exitCodeOf(exit)),
});
