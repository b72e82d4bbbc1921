/**
 * One run of an experiment with everything that belongs to it, as a process that says at its end where
 * its time went. Engine, source and reporter are the ordinary ones with a look at the clock around
 * them.
 *
 * @module
 */

import * as NodeServices from "@effect/platform-node/NodeServices";
import { Effect } from "effect";
import process from "node:process";
import type { RunEvent } from "../../core/events.ts";
import type { Engine } from "../../core/model/program.ts";
import type { Kinds, Plugin } from "../../core/plugin.ts";
import { pluginsOf } from "../../core/registry.ts";
import type { Source } from "../../core/source.ts";
import * as plugins from "../../plugins/mod.ts";
import { runFile } from "../../streams/experiment/run_file.ts";
import { type Place, watchThread } from "./profile.ts";
import { between, type Spent, stopwatch, together, total } from "./spent.ts";

/** What is run. */
export interface WholeRequest {
  /** Path of the experiment. */
  readonly experiment: string;
  /** New folder that keeps the run. */
  readonly output: string;
  readonly batch: number;
  /** Whether the main thread is looked at, which slows it a little. */
  readonly look: "profile" | "clock";
}

/** What it came to. */
export interface WholeRun {
  /** Time that ended in an optimiser step: all of training, the opening of files included. */
  readonly training: Spent;
  /** Milliseconds that ended in a score, and in anything else: weights and bookmarks written. */
  readonly judging: number;
  readonly keeping: number;
  /** Cells learned from: in steps of one batch, and in steps of a new and a remembered one. */
  readonly cells: readonly [alone: number, replayed: number];
  readonly steps: number;
  /** Share of the positions that are not padded. */
  readonly filled: number;
  /** Where the main thread's time in training went, from a thousandth on; none unless asked for. */
  readonly places: readonly Place[];
}

const request: WholeRequest = JSON.parse(process.argv[2]);
const watch = stopwatch(), positions = { all: 0, padded: 0 };

/** The same plugin, whose things are made by `make`. */
function as<K extends keyof Kinds>(
  plugin: Plugin<K>,
  make: (made: Kinds[K]) => Kinds[K],
): Plugin<K> {
  return Object.assign((config: unknown) => make(plugin(config as never)), plugin) as Plugin<K>;
}

const timedEngine = (engine: Engine): Engine => ({
  ...engine,
  async compile(program, layout) {
    const compiled = await engine.compile(program, layout);
    return {
      ...compiled,
      run(state, feeds, noise) {
        if (program.purpose === "learn") {
          positions.all += feeds.padding.length;
          for (const padded of feeds.padding) positions.padded += padded;
        }
        return watch.during("engine", () => compiled.run(state, feeds, noise));
      },
    };
  },
  optimise: (state, step) => watch.during("engine", () => engine.optimise(state, step)),
});

const timedSource = (source: Source): Source => ({
  ...source,
  async *read(request) {
    const cells = source.read(request)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await watch.during("cells", () => cells.next());
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await cells.return?.();
    }
  },
});

const came = {
  training: { engine: 0, cells: 0, rest: 0 } as Spent,
  judging: 0,
  keeping: 0,
  cells: [0, 0] as [number, number],
  steps: 0,
};
const stretches: { from: number; to: number }[] = [];
let before = watch.spent(), last = performance.now();

/** The time since the event before belongs to what this one is the end of. */
function note(event: RunEvent): void {
  const now = performance.now(), spent = watch.spent();
  if (event.type === "step") {
    came.training = together(came.training, between(before, spent));
    came.cells[event.cells > request.batch ? 1 : 0] += event.cells;
    came.steps++;
    stretches.push({ from: last, to: now });
  } else if (event.type === "score") came.judging += now - last;
  else if (came.steps > 0) came.keeping += now - last;
  [before, last] = [spent, now];
}

const box = Object.fromEntries(
  pluginsOf(plugins).map((plugin) => {
    if (plugin.kind === "engine") {
      return [plugin.id, as(plugin as Plugin<"engine">, Effect.map(timedEngine))];
    }
    if (plugin.kind === "source") {
      return [plugin.id, as(plugin as Plugin<"source">, Effect.map(timedSource))];
    }
    if (plugin.id === "table") {
      return [plugin.id, as(plugin as Plugin<"reporter">, () => Effect.succeed(note))];
    }
    return [`${plugin.kind} ${plugin.id}`, plugin];
  }),
);

const placesIn = request.look === "profile" ? await watchThread() : () => Promise.resolve([]);
const { experiment, output } = request;
await Effect.runPromise(
  runFile(experiment, box, {
    output,
    results: "table",
    every: { seconds: 300 },
    versions: { gil: "bench", deno: process.versions.deno ?? "none" },
  }).pipe(Effect.provide(NodeServices.layer)) as Effect.Effect<void>,
);
const places = await placesIn(stretches), least = total(came.training) / 1000;
const run: WholeRun = {
  ...came,
  filled: 1 - positions.padded / positions.all,
  places: places.filter(({ milliseconds }) => milliseconds >= least),
};
console.log(JSON.stringify(run));
// Workers and libraries may keep the process otherwise.
process.exit(0);
