/**
 * A run that is lived in several lives: each ends where something goes wrong, the next goes on.
 *
 * @module
 */

import { Cause, Effect, Exit, Fiber, Schema } from "effect";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { map } from "rxjs";
import { decode, type PlainSchema } from "../core/decode.ts";
import type { RunEvent } from "../core/events.ts";
import { Experiment } from "../core/experiment.ts";
import type { Replay } from "../core/replay.ts";
import { required, source } from "../core/plugin.ts";
import type { Registry } from "../core/registry.ts";
import * as box from "../plugins/mod.ts";
import type { Bookmark } from "../streams/checkpoint/bookmark.ts";
import { sha256Of } from "../streams/checkpoint/manifest.ts";
import type { OpenedRun } from "../streams/experiment/open_run.ts";
import { type Listener, runExperiment } from "../streams/experiment/run_experiment.ts";
import type { Learner, Model } from "../streams/learner.ts";
import type { Keeper, Run } from "../streams/run.ts";
import { heldBy } from "../streams/run_folder/held.ts";
import { openRunFolder, type RunFolderOptions } from "../streams/run_folder/run_folder.ts";
import { memorySource } from "./memory_source.ts";

/** Cells that need no files, as an experiment names them. */
const memory = source({
  id: "memory",
  purpose: "makes cells when they are read",
  config: {
    cells: required(Schema.Int, "number of cells"),
    genes: required(Schema.Int, "number of genes"),
  },
  make: (config) => Effect.succeed(memorySource(config)),
});

/** The plugins of the box, and those cells. */
export const registry: Registry = { ...box, memory };

/** A whole experiment of a second, with changes. */
export function experimentOf(change: object = {}): Experiment {
  const settings = {
    name: "small",
    seeds: [1],
    source: { use: "memory", cells: 72, genes: 24 },
    sets: ["T1", "T2"].map((name) => ({ name, label: "type" })),
    curriculum: { use: "random-genes" },
    length: 7,
    architecture: { use: "transformer", layers: 1, width: 4, heads: 2, embedding: 4, dropout: 0.2 },
    training: { batch: 12, epochs: [2, 1], rate: 0.01, warmup: 3 },
    methods: { baseline: {} },
    evaluators: [{ use: "gene-regression", trials: 1 }],
    engine: { use: "onnx", threads: 1 },
    ...change,
  };
  return Effect.runSync(
    decode(
      Experiment as unknown as PlainSchema<Experiment>,
      settings,
      "Cannot read the experiment",
    ),
  );
}

/** Places at which a life can end. */
export const operators = [
  ...["read", "transform", "sampler", "empty", "add", "value", "remember", "recall", "save"],
  ...["teach", "select", "learn", "predict", "weights", "training", "keep", "bookmark", "append"],
] as const;
export type Operator = typeof operators[number];

/** How a life ends: nothing unless given. */
export type End =
  /** At the call of an operator of this number, from 0: an exception, or the run is asked to stop. */
  | { readonly at: Operator; readonly call: number; readonly how: "throws" | "stops" }
  /** At an event of this number the run is asked to stop, is interrupted, or nobody listens on. */
  | { readonly call: number; readonly how: "stop" | "interrupt" | "leave" };

/** How one life is lived. */
export interface Life {
  readonly experiment: Experiment;
  readonly every: RunFolderOptions["every"];
  readonly end?: End | undefined;
  /** Told each bookmark that is kept. */
  readonly kept?: (bookmark: Bookmark) => void;
  /** Bookmarks are on the disk unless only `kept` shall know them: a disk is slow. */
  readonly bookmarks?: "written" | "told";
  readonly listen?: Listener;
  /** Told each call of an operator. */
  readonly called?: (at: Operator) => void;
  /** What happens between opening the run and opening its folder. */
  readonly meanwhile?: () => Promise<void>;
}

/** What injected exceptions say. */
export const WRECKED = "the test wrecks this run";

/** How a life has ended: at the end of the run, in one of our sentences, or when it was asked to. */
export type Ended = "finished" | "stopped" | { readonly sentence: string };

/** Lives in a folder until the run is over or the end comes. */
export async function live(folder: string, life: Life): Promise<Ended> {
  const { experiment, every, end, bookmarks, meanwhile } = life;
  const { kept = () => {}, listen = () => {}, called = () => {} } = life;
  const expects = Effect.runSync(heldBy(folder)) as "nothing";
  let events = 0, calls = 0, stop = () => {}, stopped = false;
  function trip(at: Operator): void {
    called(at);
    if (end === undefined || !("at" in end) || at !== end.at || calls++ !== end.call) return;
    if (end.how === "throws") throw new Error(WRECKED);
    stop();
  }
  const fiber = Effect.runFork(Effect.scoped(runExperiment(experiment, registry, {
    listeners: [(event) => {
      listen(event);
      if (end === undefined || "at" in end || events++ !== end.call) return;
      if (end.how === "stop") stop();
      else fiber.interruptUnsafe();
    }],
    keep: Effect.fnUntraced(function* (opened: OpenedRun) {
      if (meanwhile) yield* Effect.promise(meanwhile);
      const wrecked = { ...opened, run: wreckable(opened.run, trip) };
      const keeping = { every, versions: { gil: "0" }, expects };
      const open = yield* openRunFolder(folder, wrecked, keeping);
      stop = () => {
        stopped = true;
        open.stop();
      };
      const { keep, keeper } = open.run;
      const run: Run = {
        ...open.run,
        keep(...given) {
          trip("keep");
          return keep!(...given);
        },
        keeper: {
          ...keeper as Keeper,
          keep(bookmark) {
            trip("bookmark");
            kept(bookmark);
            return bookmarks === "told" ? Promise.resolve() : keeper!.keep(bookmark);
          },
        },
      };
      const { stop: asked, append, ...others } = open;
      const rest = {
        ...others,
        append(event: RunEvent) {
          trip("append");
          append(event);
        },
      };
      // Nobody who only leaves asks the run to stop.
      return { ...rest, run, ...(end?.how === "leave" ? {} : { stop: asked }) } as typeof open;
    }),
  })));
  const exit = await Effect.runPromise(Fiber.await(fiber));
  if (Exit.isSuccess(exit)) return stopped ? "stopped" : "finished";
  if (Cause.hasInterruptsOnly(exit.cause)) return "stopped";
  const error = Cause.squash(exit.cause) as Error & { readonly _tag?: string };
  if (!/^(Input|Run)Error$/.test(error._tag ?? "")) throw error;
  return { sentence: error.message };
}

type Trip = (at: Operator) => void;

/** The same run, with a wire across every operator. */
function wreckable(run: Run, trip: Trip): Run {
  /** The same functions of an object, some with a wire before them. */
  function wired<A extends object>(whole: A, names: readonly (Operator & keyof A)[]): A {
    const before = (name: Operator & keyof A) => (...given: unknown[]) => {
      trip(name);
      return (whole[name] as (...given: unknown[]) => unknown)(...given);
    };
    return { ...whole, ...Object.fromEntries(names.map((name) => [name, before(name)])) };
  }
  const modelOf = (model: Model): Model => ({
    ...wired(model, ["learn", "predict", "weights", "training"]),
    copy: () => modelOf(model.copy()),
  });
  const learnerOf = (learner: Learner): Learner => ({
    ...learner,
    begin: (key) => modelOf(learner.begin(key)),
    hold: (weights) => modelOf(learner.hold(weights)),
  });
  const memoryOf = (replay: Replay) => wired(replay, ["remember", "recall", "save"]);
  return {
    ...run,
    source: {
      ...run.source,
      async *read(request) {
        for await (const batch of run.source.read(request)) {
          trip("read");
          yield batch;
        }
      },
    },
    transforms: [
      ...run.transforms,
      map((batch) => {
        trip("transform");
        return batch;
      }),
    ],
    sampler: (...given) => {
      trip("sampler");
      run.sampler(...given);
    },
    judges: run.judges.map(({ evaluator, sampler }) => ({
      evaluator: wired(evaluator, ["empty", "add", "value"]),
      sampler,
    })),
    methods: run.methods.map(({ replay, distiller, ...method }) => ({
      ...method,
      replay: replay && ((key) => memoryOf(replay(key))),
      distiller: distiller && wired(distiller, ["teach", "select"]),
    })),
    learners: run.learners.map(learnerOf),
  };
}

/** Runs `use` with a fresh folder, in memory where there is such a disk: lives write all the time. */
export async function withQuickFolder<A>(use: (folder: string) => Promise<A>): Promise<A> {
  const disk = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const folder = mkdtempSync(join(disk, "gil-lives-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every file that a run leaves, but for how long it took: its path and the hash of its bytes. */
export function leftIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "time.json")
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => `${path.slice(folder.length)} ${sha256Of(readFileSync(path))}`)
    .sort();
}
