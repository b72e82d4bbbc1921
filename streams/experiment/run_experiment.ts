/**
 * Runs an experiment from its first event to its last, and tells every reporter.
 *
 * @module
 */

import { Effect } from "effect";
import { concat, defer, type Observable, of } from "rxjs";
import { type GilError, InputError, RunError } from "../../core/errors.ts";
import type { RunEvent } from "../../core/events.ts";
import type { Experiment } from "../../core/experiment.ts";
import type { Registry } from "../../core/registry.ts";
import type { Started } from "../../core/report/results.ts";
import { costOf } from "./cost.ts";
import { keepWeights } from "./keep_weights.ts";
import { type Computing, openRun } from "./open_run.ts";
import { clock } from "../console/terminal.ts";
import type { Run } from "../run.ts";
import { walk } from "../walk.ts";

/** Tells somebody what happens; never fails a run. */
export type Listener = (event: RunEvent) => void;

/** Who is told, and what is kept. */
export interface Aftermath {
  readonly listeners: readonly Listener[];
  /** Folder in which weights are kept; none are unless given. */
  readonly output?: string | undefined;
}

/** Opens everything, walks to the end and closes everything, also when interrupted. */
export const runExperiment = Effect.fnUntraced(function* (
  experiment: Experiment,
  registry: Registry,
  { listeners, output }: Aftermath,
) {
  const begun = clock.now();
  const { run, engine, layout } = yield* openRun(experiment, registry);
  const methods = run.methods.length;
  const keeping = output === undefined
    ? run
    : { ...run, keep: keepWeights(output, { layout, methods }) };
  const events = concat(
    defer(() => told(experiment, run, engine)),
    walk(keeping),
    defer(() => of({ type: "finished" as const, seconds: clock.now() - begun })),
  );
  yield* drain(events, (event) => listeners.forEach((listen) => listen(event)));
});

/** Runs a stream to its end; interruption unsubscribes. */
export function drain<A>(
  stream: Observable<A>,
  each: (value: A) => void,
): Effect.Effect<void, GilError> {
  return Effect.callback<void, GilError>((resume) => {
    const subscription = stream.subscribe({
      next: each,
      error: (cause) => resume(Effect.fail(asGilError(cause))),
      complete: () => resume(Effect.void),
    });
    return Effect.sync(() => subscription.unsubscribe());
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
