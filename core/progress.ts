/**
 * How far a run has come, told by its events and the times at which they came.
 *
 * @module
 */

import type { RunEvent } from "./events.ts";

type Started = Extract<RunEvent, { type: "started" }>;
type Step = Extract<RunEvent, { type: "step" }>;

/** Where a run stands. Times are seconds on the clock that `advance` was given. */
export interface Progress {
  readonly run: Started;
  readonly since: number;
  /** Optimiser steps made in the whole run. */
  readonly done: number;
  /** The latest step; undefined before the first. */
  readonly step: Step | undefined;
  /** Steps of the training that the latest step belongs to. */
  readonly steps: number;
  readonly latest: number;
  /** Cells learned from and the seconds that took, pauses between trainings left out. */
  readonly cells: number;
  readonly learning: number;
}

/** Where the run stands after an event that came at `now`; undefined until it has started. */
export function advance(
  progress: Progress | undefined,
  event: RunEvent,
  now: number,
): Progress | undefined {
  if (event.type === "started") {
    const none = { done: 0, step: undefined, steps: 0, cells: 0, learning: 0 };
    return { run: event, since: now, latest: now, ...none };
  }
  if (progress === undefined) return undefined;
  if (event.type === "stage") return { ...progress, steps: event.steps };
  if (event.type !== "step") return progress;
  const goesOn = progress.step !== undefined && event.step > progress.step.step;
  return {
    ...progress,
    done: progress.done + 1,
    step: event,
    latest: now,
    cells: progress.cells + (goesOn ? event.cells : 0),
    learning: progress.learning + (goesOn ? now - progress.latest : 0),
  };
}

/** Which training the run is in: "replay · seed 2 of 3 · stage 1 of 2". */
export function placeInWords({ run, step }: Progress): string {
  if (step === undefined) return "starting";
  const seed = run.seeds.indexOf(step.seed) + 1;
  return [
    methodsInWords(step.methods, run.methods),
    ...(run.seeds.length > 1 ? [`seed ${seed} of ${run.seeds.length}`] : []),
    `stage ${step.stage} of ${run.stages.length - 1}`,
  ].join(" · ");
}

/** How it goes there: "loss 0.333 · 312 cells/s · 2 min left". */
export function paceInWords(progress: Progress, now: number): string {
  const { run, step, done, since, cells, learning } = progress;
  if (step === undefined) return "";
  const left = (now - since) / done * Math.max(0, run.steps - done);
  return [
    `loss ${step.loss.toPrecision(3)}`,
    ...(learning > 0 ? [`${rate(cells / learning)} cells/s`] : []),
    ...(Number.isFinite(left) ? [`${durationInWords(left)} left`] : []),
  ].join(" · ");
}

/** A time that people can compare: "8 s", "1 min 40 s", "3 h 5 min". */
export function durationInWords(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [big, small, names] = whole < 3600
    ? [Math.floor(whole / 60), whole % 60, ["min", "s"]]
    : [Math.floor(whole / 3600), Math.floor(whole % 3600 / 60), ["h", "min"]];
  return small === 0 ? `${big} ${names[0]}` : `${big} ${names[0]} ${small} ${names[1]}`;
}

/** Methods that still share their training are named together; all of them, as such. */
function methodsInWords(methods: readonly string[], all: readonly string[]): string {
  if (methods.length === 1 || methods.length === 2) return methods.join(" + ");
  return methods.length === all.length ? "all methods" : `${methods.length} methods`;
}

const rate = (perSecond: number): string =>
  perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString("en");
