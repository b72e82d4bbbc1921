/**
 * Runs an experiment from its first event to its last, and tells every reporter.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { concat, defer, EMPTY, from, type Observable, of, tap } from "rxjs";
import { type GilError, InputError, RunError } from "../../core/errors.ts";
import type { RunEvent } from "../../core/events.ts";
import type { Experiment } from "../../core/experiment.ts";
import type { Registry } from "../../core/registry.ts";
import type { Started } from "../../core/report/results.ts";
import { guarded } from "../console/guarded.ts";
import { Screen } from "../console/screen.ts";
import { clock } from "../console/terminal.ts";
import type { Run } from "../run.ts";
import { walk } from "../walk.ts";
import { costOf } from "./cost.ts";
import { makeReporters } from "./make_reporters.ts";
import { type Computing, type OpenedRun, openRun } from "./open_run.ts";

/** Tells somebody what happens; never fails a run: one that throws is not told any more. */
export type Listener = (event: RunEvent) => void;

/** Where a run is kept, already opened. */
export interface Kept {
  /** What was told before and stays; read before anything is appended. */
  readonly history: Iterable<RunEvent>;
  /** The run, going on where it was. */
  readonly run: Run;
  /** Seconds that it took, asked for at its end. */
  seconds(): number;
  append(event: RunEvent): void;
  /** Asks every seed to stop at its next step. */
  stop(): void;
  stopped(): boolean;
  readonly finish: Effect.Effect<void, InputError>;
}

/** Who is told, and what is kept. */
export interface Aftermath {
  /** Who is told besides the reporters that the experiment names. */
  readonly listeners: readonly Listener[];
  /** Opens what keeps the run; nothing is kept unless given. */
  readonly keep?: (opened: OpenedRun) => Effect.Effect<Kept, GilError, Scope.Scope>;
}

/**
 * Opens everything, walks to the end and closes everything. Interrupted, a run that is kept stops
 * after its present step, any other at once.
 */
export const runExperiment = Effect.fnUntraced(function* (
  experiment: Experiment,
  registry: Registry,
  { listeners, keep }: Aftermath,
) {
  const reporters = yield* makeReporters(experiment.reporters, registry);
  const opened = yield* openRun(experiment, registry), { engine } = opened;
  const audience = [...yield* guardedAll(listeners), ...yield* Effect.all(reporters)];
  const kept = keep && (yield* keep(opened)), begun = clock.now();
  const { run = opened.run, history = [] } = kept ?? {};
  const tell = (event: RunEvent) => audience.forEach((listen) => listen(event));
  let hasStarted = false;
  yield* drain(from(history), (event) => {
    hasStarted ||= event.type === "started";
    tell(event);
  });
  if (hasStarted) tell({ type: "resumed" });

  const seconds = () => kept?.seconds() ?? clock.now() - begun;
  const events = concat(
    hasStarted ? EMPTY : defer(() => told(experiment, run, engine)),
    walk(run),
    defer(() =>
      kept?.stopped()
        ? EMPTY
        : of(...warnings(run), { type: "finished" as const, seconds: seconds() })
    ),
  );
  yield* drain(events, (event) => {
    kept?.append(event);
    tell(event);
  }, kept?.stop);
  if (kept && !kept.stopped()) yield* kept.finish;
});

const guardedAll = Effect.fnUntraced(function* (listeners: readonly Listener[]) {
  const screen = yield* Screen, tell = (line: string) => screen.tell(`${line}\n`);
  return listeners.map((listen, i) => guarded(`Listener ${i + 1}`, listen, tell));
});

/** What the sources of a run have to say when it is over. */
function warnings({ source, sets }: Run) {
  const sources = new Set([source, ...sets.map((set) => set.source)]);
  return Array.from(sources, (source) => source.warnings?.() ?? []).flat()
    .map((message) => ({ type: "warning" as const, message }));
}

/**
 * Runs a stream to its end; what `each` throws ends it as any other failure does. Interruption
 * unsubscribes; given a `stop`, it calls that and waits for the end that comes of it, which may be a
 * failure too.
 */
export function drain<A>(
  stream: Observable<A>,
  each: (value: A) => void,
  stop?: () => void,
): Effect.Effect<void, GilError> {
  return Effect.callback<void, GilError>((resume) => {
    const end = Promise.withResolvers<Effect.Effect<void, GilError>>();
    const subscription = stream.pipe(tap(each)).subscribe({
      error: (cause) => end.resolve(Effect.fail(asGilError(cause))),
      complete: () => end.resolve(Effect.void),
    });
    void end.promise.then(resume);
    return Effect.gen(function* () {
      stop?.();
      if (stop) yield* Effect.orDie(yield* Effect.promise(() => end.promise));
      subscription.unsubscribe();
    });
  });
}

function asGilError(cause: unknown): GilError {
  if (cause instanceof InputError || cause instanceof RunError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RunError({ message: `Cannot finish the run: ${reason}` });
}

/** The first event: what is going to happen, and what it will cost at the engine's pace. */
export async function told(
  experiment: Experiment,
  run: Run,
  { engine, notes }: Computing,
): Promise<Started> {
  const { curriculum, source, methods, seeds, judges } = run;
  const { steps, learned, predicted } = costOf(run), pace = await run.learners[0].pace();
  return {
    type: "started",
    experiment: experiment.name,
    methods: methods.map(({ name }) => name),
    seeds,
    engine,
    ...(notes.length === 0 ? {} : { notes }),
    cells: source.cells,
    genes: source.vocabulary.symbols.length,
    steps,
    estimate: (learned * pace.learn + predicted * pace.predict) / run.learners.length,
    stages: curriculum.stages.map(({ index, name, from, to }) => ({
      name,
      genes: index === 0 ? curriculum.base : to - from,
      cells: curriculum.partition.size(index),
    })),
    evaluators: judges.map(({ evaluator: { name, unit, better } }) => ({ name, unit, better })),
  };
}
