/**
 * Real data to an atlas: any number of inputs, shuffled in bounded memory, taken up again after an
 * interruption.
 *
 * Every cell is read once and collected on the disk with those that will be its neighbours; then one
 * neighbourhood after the other is put in order and written.
 *
 * @module
 */

import { Cause, Effect, Exit } from "effect";
import { decode } from "../../core/decode.ts";
import { ExperimentError, InputError } from "../../core/errors.ts";
import { permutation } from "../../core/permutation.ts";
import { derive, keyOf } from "../../core/random.ts";
import { bytesOf } from "../../core/report/amount_of_memory.ts";
import { checkNames } from "../atlas/check_names.ts";
import type { Manifest } from "../atlas/manifest.ts";
import { readManifest } from "../atlas/read_manifest.ts";
import { attempt } from "../attempt.ts";
import { checkUnchanged, filesOf, identityOf } from "./identity.ts";
import { ImportOptions } from "./import_options.ts";
import { join, type Joined } from "./join.ts";
import { type NamedInput, nameInputs } from "./name_inputs.ts";
import { formatOf, openInput } from "./open_input.ts";
import { arrangeCells } from "./shuffle/arrange_cells.ts";
import type { RecordShape } from "./shuffle/cell_record.ts";
import { checkDisk } from "./shuffle/check_disk.ts";
import { collectCells } from "./shuffle/collect_cells.ts";
import { byPopularity } from "./shuffle/gene_order.ts";
import { planRoom, readerMemory } from "./shuffle/plan_room.ts";
import { beginning, type Progress } from "./shuffle/progress.ts";
import { checkOutput, keptInWords, openWorkshop, type Workshop } from "./shuffle/workshop.ts";
import { tryReading } from "./unreadable.ts";

/** How far an import is, in cells: one that is collected and one that is written are half done each. */
export interface ImportProgress {
  readonly done: number;
  readonly all: number;
}

/** What came of an import. */
export interface ImportSummary {
  readonly manifest: Manifest;
  /** What was done and what a user should know, in sentences. */
  readonly notes: readonly string[];
}

/** What is imported, and whereto. */
export interface ImportRequest {
  /** Paths of files and folders, each alone or as `name=path`. */
  readonly inputs: readonly string[];
  /** The atlas, a folder that does not exist or is empty. */
  readonly output: string;
  /** Options as JSON has them, see `ImportOptions`. */
  readonly options?: typeof ImportOptions.Encoded;
  /** Bytes after which a shard is closed and another begun; 1 GiB unless given. */
  readonly shardBytes?: number;
  /** Cells between two records of how far the import is; 32,768 unless given. */
  readonly interval?: number;
}

/** Who is told how an import goes. */
export interface ImportWatch {
  /** Told after every batch. */
  readonly progress?: (progress: ImportProgress) => void;
  /** Told what a user should know at once, in a sentence: that an earlier import is gone on with. */
  readonly tell?: (sentence: string) => void;
}

const INTERVAL = 32_768;

/**
 * Writes the inputs as one atlas and returns its manifest and notes. The same request and inputs give
 * the same bytes, whatever memory there is and however often it was interrupted: a process that ends
 * before the atlas is complete leaves a hidden folder beside it, with which the same request goes on.
 * On failure nothing is left behind, unless the atlas is complete and cannot get its name.
 */
export const importAtlas: (
  request: ImportRequest,
  watch?: ImportWatch,
) => Effect.Effect<ImportSummary, InputError | ExperimentError> = Effect.fn("importAtlas")(
  function* (request: ImportRequest, { progress, tell }: ImportWatch = {}) {
    const options = yield* optionsOf(request);
    const memory = yield* asAsked(() => bytesOf(options.memory));
    const { output, shardBytes, interval = INTERVAL } = request;
    const reading = "Cannot read the inputs", doing = `Cannot write atlas "${output}"`;
    yield* attempt(doing, () => checkOutput(output));
    const named = yield* attempt(reading, () => nameInputs(request.inputs));
    const files = yield* attempt(reading, () => filesOf(named, options));
    const joined = yield* joinInputs(named, options, readerMemory(memory));
    const { symbols } = joined.vocabulary;
    const asked = yield* attempt(
      reading,
      () => identityOf(named, options, { shardBytes, symbols, files }),
    );
    const { cells, entries } = joined, shape = shapeOf(joined);
    const room = yield* asAsked(() => planRoom({ shape, cells, entries, memory }));
    const workshop = yield* openWorkshop(output, asked);
    const from = workshop.done ?? beginning(asked, { cells, genes: shape.genes, room });
    for (const sentence of told(workshop, cells)) tell?.(sentence);

    const work = { doing, joined, shape, workshop, interval, placeOf: places(options, cells) };
    const report = (passes: number) => (count: number) =>
      progress?.({ done: Math.floor((passes * cells + count) / 2), all: cells });
    const write = Effect.gen(function* () {
      yield* attempt(doing, () => checkDisk(output, from));
      const unchanged = attempt(reading, () => checkUnchanged(files));
      // What has changed may be damaged for it: then that is what a user should know.
      const collected = yield* collectCells(work, from, report(0)).pipe(
        Effect.tapError(() => unchanged),
        Effect.tap(unchanged),
      );
      const manifest = workshop.named
        ? (yield* readManifest(output)).manifest
        : yield* arrangeCells(work, collected, {
          genes: geneOrder(options, collected),
          ...(!options.keepOrder && { order: "shuffled", seed: options.seed }),
          ...(shardBytes !== undefined && { shardBytes }),
          onCells: report(1),
        });
      const { empty } = collected;
      const last = empty === 0 ? [] : [`cells without an expressed gene: ${empty}; they are kept`];
      return { manifest, notes: [...joined.notes, ...last] };
    });
    // Whoever interrupts may want to go on; what has failed would fail again.
    const summary = yield* Effect.onExit(write, (exit) =>
      Effect.sync(() => {
        if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) workshop.discard();
      }));
    yield* attempt(doing, () => workshop.publish()).pipe(
      Effect.tapError(() => Effect.sync(() => keptInWords(output).forEach((line) => tell?.(line)))),
    );
    return summary;
  },
  Effect.scoped,
);

/** Decodes the options and refuses those that contradict each other. */
const optionsOf = Effect.fnUntraced(function* (request: ImportRequest) {
  const options = yield* decode(ImportOptions, request.options ?? {}, "Cannot import as asked");
  if (options.totals !== undefined && options.values !== "recover") {
    return yield* new ExperimentError({
      message: `Cannot use the totals "${options.totals}": only --values recover needs totals`,
    });
  }
  const { scale, seed } = request.options ?? {};
  if (scale !== undefined && options.values !== "recover") {
    return yield* new ExperimentError({
      message: `Cannot use the scale "${scale}": only --values recover needs a scale`,
    });
  }
  if (options.geneOrder !== undefined && options.genes !== undefined) {
    return yield* new ExperimentError({
      message:
        `Cannot order the genes by "${options.geneOrder}": --genes names them in their order; leave one of the two out`,
    });
  }
  if (options.keepOrder && seed !== undefined) {
    return yield* new ExperimentError({
      message:
        `Cannot shuffle with seed "${seed}": --keep-order leaves the cells in their order; leave one of the two out`,
    });
  }
  return options;
});

/** Refuses a mapping that no input is read by. */
const checkMapping = Effect.fnUntraced(
  function* (named: readonly NamedInput[], { mapping }: ImportOptions) {
    if (mapping === undefined) return;
    for (const { path } of named) {
      if ((yield* tryReading(path, () => formatOf(path))) === "foreign") return;
    }
    return yield* new ExperimentError({
      message:
        `Cannot use the mapping "${mapping}": it is for Parquet files that others wrote, and no input is one; leave --mapping out`,
    });
  },
);

/** Opens and joins the inputs; they close with the scope. */
const joinInputs = Effect.fnUntraced(
  function* (named: readonly NamedInput[], options: ImportOptions, held: number) {
    yield* checkMapping(named, options);
    const inputs = yield* Effect.forEach(
      named,
      ({ name, path }) =>
        Effect.map(openInput(path, { ...options, held }), (matrix) => ({ name, matrix })),
    );
    const joined = yield* attempt("Cannot join the inputs", () => {
      const joined = join(inputs, options);
      checkNames(joined);
      return joined;
    });
    if (joined.cells > 0) return joined;
    return yield* new InputError({ message: "Cannot write an atlas: there are no cells" });
  },
);

const shapeOf = ({ vocabulary, columns, numbers }: Joined): RecordShape => ({
  genes: vocabulary.symbols.length,
  columns: columns.length,
  numbers: numbers.length,
});

/** The place in the atlas of the cell of each row: its own, or where the seed puts it. */
function places({ keepOrder, seed }: ImportOptions, cells: number): (row: number) => number {
  if (keepOrder) return (row) => row;
  return permutation(cells, derive(keyOf(seed), "import")).positionOf;
}

/** The genes of the joined vocabulary in the order that they get. */
function geneOrder({ genes, geneOrder }: ImportOptions, { popularity }: Progress): Uint32Array {
  return genes === undefined && geneOrder !== "symbols"
    ? byPopularity(popularity)
    : Uint32Array.from(popularity.keys());
}

/** What a user should know of what was there before. */
function told({ done, anew }: Workshop, cells: number): string[] {
  if (anew !== "") return [anew];
  if (done === undefined) return [];
  const count = (n: number) => n.toLocaleString("en"), all = count(cells);
  if (done.collected < cells) return [`goes on from cell ${count(done.collected)} of ${all}`];
  const written = done.shards.reduce((sum, { rows }) => sum + rows, 0);
  return [`goes on: all ${all} cells are read, ${count(written)} of them are written`];
}

/** Runs what may throw an `ExperimentError`. */
const asAsked = <A>(f: () => A): Effect.Effect<A, ExperimentError> =>
  Effect.try({ try: f, catch: (cause) => cause }).pipe(
    Effect.catch((cause) =>
      cause instanceof ExperimentError ? Effect.fail(cause) : Effect.die(cause)
    ),
  );
