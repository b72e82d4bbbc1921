/**
 * The commands that make atlases, look at them and check them.
 *
 * @module
 */

import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { printable } from "../../core/report/printable.ts";
import { wrap } from "../../core/report/wrap.ts";
import { counted } from "../atlas/figures.ts";
import type { syntheticAtlas } from "../reading/synthesise.ts";
import { load, print, printAsIs, printJson, width } from "./command.ts";
import { count, given, importing, json, text } from "./flags.ts";
import { Screen } from "./screen.ts";

const folder = Argument.String("folder").pipe(Argument.withDescription("Folder of the atlas"));
const some = (name: string, description: string) =>
  Flag.Int(name).pipe(
    Flag.withDescription(`${description}; the atlas knows what is good`),
    Flag.filter((n) => n > 0, () => "Expected a number above zero"),
    Flag.optional,
  );
const newAtlas = text("output", "folder", "New folder for the atlas");

const importCommand = Command.make(
  "import",
  {
    inputs: Argument.String("input").pipe(
      Argument.withDescription(
        "An h5ad, 10x .h5, zarr or Matrix Market file or folder, or name=path",
      ),
      Argument.variadic({ min: 1 }),
    ),
    output: newAtlas,
    vocabulary: text("genes", "file", "Vocabulary, a symbol a line; all symbols unless given").pipe(
      Flag.optional,
    ),
    options: importing,
  },
  Effect.fnUntraced(function* ({ inputs, output, vocabulary, options }) {
    const { importAtlas } = yield* load(() => import("../import/import_atlas.ts"));
    const { keptInWords } = yield* load(() => import("../import/shuffle/workshop.ts"));
    const { readSymbols } = yield* load(() => import("../import/read_symbols.ts"));
    const { writtenInWords } = yield* load(() => import("../atlas/atlas_in_words.ts"));
    const { openCounter } = yield* load(() => import("./counter.ts"));
    const screen = yield* Screen, tell = (line: string) => screen.tell(`${printable(line)}\n`);
    const genes = Option.isSome(vocabulary)
      ? { genes: yield* readSymbols(vocabulary.value) }
      : undefined;
    const request = { inputs, output, options: { ...given(options), ...genes } };
    const { manifest, notes } = yield* Effect.scoped(
      Effect.flatMap(
        openCounter("cells"),
        (show) => importAtlas(request, { progress: ({ done, all }) => show(done, all), tell }),
      ),
    ).pipe(Effect.onInterrupt(() => Effect.sync(() => keptInWords(output).forEach(tell))));
    const columns = yield* width;
    yield* print(
      [...notes, writtenInWords(output, manifest)].flatMap((line) => wrap(line, 2, columns)),
    );
  }),
).pipe(Command.withDescription("Write h5ad, 10x, zarr and Matrix Market data as one atlas"));

const info = Command.make(
  "info",
  { folder, json: json("Print it as JSON") },
  Effect.fnUntraced(function* ({ folder, json }) {
    if (/\.parquet$/i.test(folder)) {
      const { describeFile, fileInWords } = yield* load(() =>
        import("../foreign/describe_file.ts")
      );
      const found = yield* describeFile(folder);
      return yield* json ? printJson(found) : print(fileInWords(found, yield* width));
    }
    const { describeAtlas } = yield* load(() => import("../atlas/describe_atlas.ts"));
    const { atlasInWords } = yield* load(() => import("../atlas/atlas_in_words.ts"));
    const found = yield* describeAtlas(folder);
    yield* json ? printJson(found) : print(atlasInWords(found, yield* width));
  }),
).pipe(Command.withDescription("Say what an atlas holds, or a Parquet file of somebody else"));

const head = Command.make(
  "head",
  {
    folder,
    cells: count("cells", 5, "Number of cells"),
    json: json("Print a cell a line as JSON"),
  },
  Effect.fnUntraced(function* ({ folder, cells, json }) {
    const { headOf } = yield* load(() => import("../atlas/head_of.ts"));
    const { cellsInWords } = yield* load(() => import("../atlas/atlas_in_words.ts"));
    const found = yield* headOf(folder, cells);
    yield* json
      ? printAsIs(found.map((cell) => JSON.stringify(cell)))
      : print(cellsInWords(found, yield* width));
  }),
).pipe(Command.withDescription("Show the first cells of an atlas"));

const stats = Command.make(
  "stats",
  { folder, json: json("Print it as JSON") },
  Effect.fnUntraced(function* ({ folder, json }) {
    const { atlasStats } = yield* load(() => import("../atlas/atlas_stats.ts"));
    const { statsInWords } = yield* load(() => import("../atlas/stats_in_words.ts"));
    const { openCounter } = yield* load(() => import("./counter.ts"));
    const found = yield* Effect.scoped(
      Effect.flatMap(openCounter("cells"), (show) => atlasStats(folder, show)),
    );
    yield* json ? printJson(found) : print(statsInWords(found, yield* width));
  }),
).pipe(Command.withDescription("Read every cell of an atlas and say what they are like"));

const order = Command.make(
  "order",
  {
    folder,
    label: text("label", "column", "Column that batches should mix"),
    batch: count("batch", 128, "Cells in a batch"),
    seed: count("seed", 1, "Seed of the order"),
    block: some("block", "Neighbours that are drawn together"),
    window: some("window", "Cells that are mixed at once"),
    json: json("Print it as JSON"),
  },
  Effect.fnUntraced(function* ({ folder, json, block, window, ...request }) {
    const { orderOf } = yield* load(() => import("../atlas/order_of.ts"));
    const { orderInWords } = yield* load(() => import("../atlas/order_in_words.ts"));
    const found = yield* orderOf(folder, { ...request, ...given({ block, window }) });
    yield* json ? printJson(found) : print(orderInWords(found, yield* width));
  }),
).pipe(Command.withDescription("Measure how well reading an atlas at random mixes a label"));

const verify = Command.make(
  "verify",
  { folder },
  Effect.fnUntraced(function* ({ folder }) {
    const { verifyAtlas } = yield* load(() => import("../atlas/verify_atlas.ts"));
    const { openCounter } = yield* load(() => import("./counter.ts"));
    const cells = yield* verifyAtlas(folder, openCounter);
    yield* print([`${counted(cells, "cell")}, every byte as it was written`]);
  }),
).pipe(Command.withDescription("Read every byte of an atlas and compare it with its hashes"));

/** Settings of a made-up atlas, all of them. */
type Shape = Parameters<typeof syntheticAtlas>[0];

/** Fills up settings with their defaults. */
type Complete = (some: Partial<Shape>) => Effect.Effect<Shape>;

const synthOf = (complete: Complete) =>
  Command.make(
    "synth",
    {
      output: newAtlas,
      cells: count("cells", 3000, "Number of cells"),
      genes: count("genes", 800, "Number of genes"),
      seed: count("seed", 1, "Seed of everything that is made up"),
    },
    Effect.fnUntraced(function* ({ output, ...shape }) {
      const { writeAtlas } = yield* load(() => import("../atlas/write_atlas.ts"));
      const { syntheticAtlas } = yield* load(() => import("../reading/synthesise.ts"));
      const { writtenInWords } = yield* load(() => import("../atlas/atlas_in_words.ts"));
      const manifest = yield* writeAtlas(output, syntheticAtlas(yield* complete(shape)));
      yield* print([writtenInWords(output, manifest)]);
    }),
  ).pipe(Command.withDescription("Make up an atlas of synthetic cells"));

/** `gil atlas`; settings of made-up atlases that nobody gives are those that `complete` adds. */
export const atlasCommand = (complete: Complete) =>
  Command.make("atlas").pipe(
    Command.withDescription("Make, look at and check atlases"),
    Command.withSubcommands([
      importCommand,
      info,
      head,
      stats,
      order,
      verify,
      synthOf(complete),
    ]),
  );
