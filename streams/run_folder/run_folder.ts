/**
 * The folder of a run: what it is, what it has told, what its models have become, and where it goes on.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type GilError, InputError } from "../../core/errors.ts";
import type { RunEvent } from "../../core/events.ts";
import { attempt, attemptAsync } from "../attempt.ts";
import type { Bookmark } from "../checkpoint/bookmark.ts";
import type { Identity } from "../checkpoint/identity.ts";
import { type Checkpoints, openCheckpoints } from "../checkpoint/store.ts";
import { clock } from "../console/terminal.ts";
import { keepWeights } from "../experiment/keep_weights.ts";
import type { OpenedRun } from "../experiment/open_run.ts";
import { queue } from "../engine/queue.ts";
import { EVENTS_FILE } from "../experiment/read_results.ts";
import type { Run } from "../run.ts";
import { keepOrigin } from "../weights/keep_origin.ts";
import { openLog, orderLog, rewindLog } from "./event_log.ts";
import { hashPlugins } from "./hash_plugins.ts";
import { CHECKPOINTS_FOLDER, expectHeld, EXPERIMENT_FILE, type Held } from "./held.ts";
import type { Interval } from "./interval.ts";
import { keepMemory } from "./keep_memory.ts";
import { keeperOf } from "./keeper.ts";
import { lockFolder } from "./lock.ts";
import { stopwatch } from "./stopwatch.ts";
import { writeWhole } from "../write_whole.ts";

/** How a run is kept. */
export interface RunFolderOptions {
  readonly every: Interval;
  /** Versions of what computes, by name. */
  readonly versions: Identity["versions"];
  /** What becomes of plugin files that have changed since the run began; "refuse" unless given. */
  readonly onChangedPlugins?: Identity["onChangedPlugins"];
  /** What the folder must hold: nothing unless given. */
  readonly expects?: Exclude<Held, "a run that finished">;
}

/** An open folder. */
export interface RunFolder {
  /** What was told before and stays; to be read before anything is appended. */
  readonly history: Iterable<RunEvent>;
  /** What people should know about where the run goes on. */
  readonly notes: readonly string[];
  /** The run, kept in this folder and going on where it was. */
  readonly run: Run;
  /** Seconds that the run has taken; its clock stands still from then on. */
  seconds(): number;
  append(event: RunEvent): void;
  /** Asks every seed to stop at its next step. */
  stop(): void;
  stopped(): boolean;
  /** Puts everything into its last order once the run is over. */
  finish: Effect.Effect<void, InputError>;
}

/**
 * Makes the folder of a new run, or opens that of one that was stopped; nobody else can while the
 * scope lasts.
 */
export const openRunFolder = Effect.fnUntraced(function* (
  folder: string,
  begun: OpenedRun,
  { every, versions, onChangedPlugins, expects = "nothing" }: RunFolderOptions,
): Effect.fn.Return<RunFolder, GilError, Scope.Scope> {
  const doing = `Cannot write run "${folder}"`;
  const plugins = yield* attempt(doing, () => hashPlugins(begun.modules));
  yield* attempt(doing, () => mkdirSync(folder, { recursive: true }));
  yield* lockFolder(folder);
  // Only now: another process may have been in the folder while this one opened the run.
  yield* expectHeld(folder, expects);
  const opened = yield* keepOrigin(folder, begun);
  const { run, layout, resolved } = opened, { seeds, methods } = run;
  const eventsFile = join(folder, EVENTS_FILE);
  if (expects === "nothing") {
    const text = JSON.stringify(resolved, null, 2) + "\n";
    yield* attempt(doing, () => writeWhole(join(folder, EXPERIMENT_FILE), [text]));
  }
  const checkpoints = openCheckpoints(
    join(folder, CHECKPOINTS_FOLDER),
    identityOf(opened, { versions, plugins, onChangedPlugins }),
  );
  const { found, notes } = yield* attemptAsync(doing, () => newestOf(checkpoints, seeds));
  const counts = new Map([...found].map(([seed, { events }]) => [seed, events]));
  const history = yield* rewindLog(eventsFile, counts);
  const log = yield* openLog(eventsFile), watch = stopwatch(folder);
  const whileOpen = yield* gate();

  const keeper = keeperOf({
    found,
    every,
    clock,
    write: (bookmark) =>
      whileOpen(async () => {
        // The events that a bookmark counts are there before it is.
        log.sync();
        await checkpoints.write(bookmark);
        watch.note();
      }),
  });
  const keepModel = keepWeights(folder, {
    layout,
    methods: methods.map(({ name }) => name),
    symbols: run.source.vocabulary.symbols,
  });
  const keep: Run["keep"] = (weights, place, memory) =>
    whileOpen(async () => {
      log.sync();
      const file = await keepModel(weights, place, memory);
      if (memory) keepMemory(folder, file, memory);
      return file;
    });
  return {
    history,
    notes,
    run: { ...run, keeper, keep },
    seconds: watch.stop,
    append: log.append,
    stop: keeper.stop,
    stopped: keeper.stopped,
    finish: Effect.gen(function* () {
      yield* attempt(doing, log.sync);
      yield* orderLog(eventsFile, seeds);
      yield* attempt(doing, () => {
        watch.note();
        removeCheckpoints(folder);
      });
    }),
  };
});

/** Where each seed goes on, and what people should know of that. */
async function newestOf(checkpoints: Checkpoints, seeds: readonly number[]) {
  const found = new Map<number, Bookmark>(), notes: string[] = [];
  for (const seed of seeds) {
    const newest = await checkpoints.newest(seed);
    notes.push(...newest?.notes ?? []);
    if (newest?.bookmark) found.set(seed, newest.bookmark);
  }
  return { found, notes };
}

/** Removes them at once: with some of its checkpoints a run would begin again where it has ended. */
function removeCheckpoints(folder: string): void {
  const checkpoints = join(folder, CHECKPOINTS_FOLDER), old = `${checkpoints}.old`;
  if (existsSync(checkpoints)) renameSync(checkpoints, old);
  rmSync(old, { recursive: true, force: true });
}

/** Runs jobs one after the other; whoever closes the scope waits for the last, and none comes after. */
const gate = Effect.fnUntraced(function* () {
  const inTurn = queue();
  let closed = false;
  yield* Effect.addFinalizer(() => {
    closed = true;
    return Effect.promise(() => inTurn(() => {}));
  });
  return <A>(job: () => Promise<A>): Promise<A> =>
    closed ? Promise.reject(new RangeError("Cannot keep a run that is closed")) : inTurn(job);
});

/** What the checkpoints of a run belong to: all that its numbers depend on. */
function identityOf(
  { run, engine, layout, resolved, modules }: OpenedRun,
  others: Pick<Identity, "versions" | "plugins" | "onChangedPlugins">,
): Identity {
  // Seeds come to the same side by side; memory shows in `microBatch`; reporters only listen.
  const {
    $schema: _,
    about: _about,
    parallel: _lanes,
    memory: _limit,
    reporters: _ears,
    ...experiment
  } = resolved;
  const sources = [run.source, ...run.sets.map(({ source }) => source)];
  const hash = createHash("sha256").update(run.source.vocabulary.symbols.join("\n"));
  for (const { fingerprint } of new Set(sources)) hash.update(`\n${fingerprint ?? ""}`);
  return {
    experiment: { ...experiment, plugins: modules },
    atlas: {
      cells: run.source.cells,
      genes: run.source.vocabulary.symbols.length,
      sha256: hash.digest("hex"),
    },
    engine: engine.engine,
    layout,
    ...others,
  };
}
