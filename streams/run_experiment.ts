/**
 * Runs an experiment from its first event to its last, and tells every reporter.
 *
 * @module
 */

import { Effect } from "effect";
import { concat, defer, type Observable, of } from "rxjs";
import { type GilError, InputError, RunError } from "../core/errors.ts";
import type { RunEvent } from "../core/events.ts";
import type { Experiment } from "../core/experiment.ts";
import type { Registry } from "../core/registry.ts";
import type { Started } from "../core/results.ts";
import { jointCourse, stageCourse } from "./course.ts";
import { openRun } from "./open_run.ts";
import { clock } from "./terminal.ts";
import type { Run } from "./run.ts";
import { walk } from "./walk.ts";

/** Tells somebody what happens; never fails a run. */
export type Listener = (event: RunEvent) => void;

/** Opens everything, walks to the end and closes everything, also when interrupted. */
export const runExperiment = Effect.fnUntraced(function* (
  experiment: Experiment,
  registry: Registry,
  listeners: readonly Listener[],
) {
  const begun = clock.now();
  const { run, engine } = yield* openRun(experiment, registry);
  const events = concat(
    of(started(experiment, run, engine.name)),
    walk(run),
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

/** The first event: what is going to happen. */
export function started(experiment: Experiment, run: Run, engine: string): Started {
  const { curriculum, source, methods, seeds, judges } = run;
  return {
    type: "started",
    experiment: experiment.name,
    methods: methods.map(({ name }) => name),
    seeds,
    engine,
    cells: source.cells,
    genes: source.vocabulary.symbols.length,
    steps: stepsOf(run),
    stages: curriculum.stages.map(({ index, name, from, to }) => ({
      name,
      genes: index === 0 ? curriculum.base : to - from,
      cells: curriculum.partition.size(index),
    })),
    evaluators: judges.map(({ evaluator: { name, unit, better } }) => ({ name, unit, better })),
  };
}

/** Optimiser steps of the whole run, all seeds and methods; trainings that methods share count once. */
export function stepsOf({ curriculum, training, methods, seeds }: Run): number {
  const joint = methods.filter(({ stages }) => stages === "joint").length;
  const sequential = methods.length - joint;
  const steps = (index: number) => stageCourse(curriculum, training, index).steps;
  const later = curriculum.stages.slice(2).reduce((sum, { index }) => sum + steps(index), 0);
  const each = steps(0) + (sequential > 0 ? steps(1) : 0) + sequential * later +
    joint * jointCourse(curriculum, training).steps;
  return seeds.length * each;
}
