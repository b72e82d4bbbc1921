/**
 * The folder of a run: what it is, what it has told, what its models have become, and where it goes on.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type GilError, InputError } from "../../core/errors.ts";
import type { RunEvent } from "../../core/events.ts";
import { attempt } from "../attempt.ts";
import type { Bookmark } from "../checkpoint/bookmark.ts";
import type { Identity } from "../checkpoint/identity.ts";
import { openCheckpoints } from "../checkpoint/store.ts";
import { clock } from "../console/terminal.ts";
import { keepWeights } from "../experiment/keep_weights.ts";
import type { OpenedRun } from "../experiment/open_run.ts";
import { EVENTS_FILE } from "../experiment/read_results.ts";
import type { Run } from "../run.ts";
import { openLog, orderLog, rewindLog } from "./event_log.ts";
import type { Interval } from "./interval.ts";
import { keepMemory } from "./keep_memory.ts";
import { keeperOf } from "./keeper.ts";
import { lockFolder } from "./lock.ts";
import { stopwatch } from "./stopwatch.ts";

/** The experiment within the folder of a run, with everything that the first machine decided. */
export const EXPERIMENT_FILE = "experiment.json";
const CHECKPOINTS_FOLDER = "checkpoints";

/** How a run is kept. */
export interface RunFolderOptions {
  readonly every: Interval;
  /** Versions of what computes, by name. */
  readonly versions: Identity["versions"];
}

/** An open folder. */
export interface RunFolder {
  /** What was told before and stays. */
  readonly history: readonly RunEvent[];
  /** What people should know about where the run goes on. */
  readonly notes: readonly string[];
  /** The run, kept in this folder and going on where it was. */
  readonly run: Run;
  /** Seconds that the run has taken so far. */
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
  opened: OpenedRun,
  { every, versions }: RunFolderOptions,
): Effect.fn.Return<RunFolder, GilError, Scope.Scope> {
  const doing = `Cannot write run "${folder}"`;
  yield* attempt(doing, () => mkdirSync(folder, { recursive: true }));
  yield* lockFolder(folder);
  const { run, layout, resolved } = opened, { seeds, methods } = run;
  const path = join(folder, EXPERIMENT_FILE), eventsFile = join(folder, EVENTS_FILE);
  if (!existsSync(path)) {
    yield* attempt(doing, () => writeFileSync(path, JSON.stringify(resolved, null, 2) + "\n"));
  }
  const checkpoints = openCheckpoints(
    join(folder, CHECKPOINTS_FOLDER),
    identityOf(opened, versions),
  );
  const found = new Map<number, Bookmark>(), notes: string[] = [];
  for (const seed of seeds) {
    const newest = yield* Effect.tryPromise({
      try: () => checkpoints.newest(seed),
      catch: (cause) => cause as GilError,
    });
    notes.push(...newest?.notes ?? []);
    if (newest?.bookmark) found.set(seed, newest.bookmark);
  }
  const counts = new Map([...found].map(([seed, { events }]) => [seed, events]));
  const history = yield* rewindLog(eventsFile, counts);
  const log = yield* openLog(eventsFile), watch = stopwatch(folder);

  const keeper = keeperOf({
    found,
    every,
    clock,
    async write(bookmark) {
      // The events that a bookmark counts are there before it is.
      log.sync();
      await checkpoints.write(bookmark);
      watch.note();
    },
  });
  const keepModel = keepWeights(folder, {
    layout,
    methods: methods.length,
    symbols: run.source.vocabulary.symbols,
  });
  const keep: Run["keep"] = async (weights, place, memory) => {
    const file = await keepModel(weights, place, memory);
    if (memory) await keepMemory(folder, file, memory);
    return file;
  };
  return {
    history,
    notes,
    run: { ...run, keeper, keep },
    seconds: watch.seconds,
    append: log.append,
    stop: keeper.stop,
    stopped: keeper.stopped,
    finish: Effect.gen(function* () {
      log.sync();
      yield* orderLog(eventsFile, seeds);
      yield* attempt(doing, () => {
        watch.note();
        rmSync(join(folder, CHECKPOINTS_FOLDER), { recursive: true, force: true });
      });
    }),
  };
});

/** What the checkpoints of a run belong to. */
function identityOf(
  { run, engine, layout, resolved }: OpenedRun,
  versions: Identity["versions"],
): Identity {
  const sources = [run.source, ...run.sets.map(({ source }) => source)];
  const hash = createHash("sha256").update(run.source.vocabulary.symbols.join("\n"));
  for (const { fingerprint } of new Set(sources)) hash.update(`\n${fingerprint ?? ""}`);
  return {
    experiment: resolved,
    atlas: {
      cells: run.source.cells,
      genes: run.source.vocabulary.symbols.length,
      sha256: hash.digest("hex"),
    },
    engine: engine.engine,
    versions,
    layout,
  };
}

/** What a folder holds of a run. */
export type Held = "nothing" | "a run that stopped" | "a run that finished";

/** Looks at a folder without touching it. */
export function heldBy(folder: string): Held {
  const events = join(folder, EVENTS_FILE);
  if (!existsSync(join(folder, EXPERIMENT_FILE))) {
    return existsSync(events) ? "a run that finished" : "nothing";
  }
  const over = existsSync(events) && !existsSync(join(folder, CHECKPOINTS_FOLDER)) &&
    /\{"type":"finished"\}\n$/.test(readFileSync(events, "utf8"));
  return over ? "a run that finished" : "a run that stopped";
}
