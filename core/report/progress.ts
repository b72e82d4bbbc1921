/**
 * How far a run has come, told by its events and the times at which they came.
 *
 * @module
 */

import type { RunEvent } from "../events.ts";
import { printable } from "./printable.ts";

type Started = Extract<RunEvent, { type: "started" }>;
type Step = Extract<RunEvent, { type: "step" }>;

/** Where a run stands. Times are seconds on the clock that `advance` was given. */
export interface Progress {
  readonly run: Started;
  /** When the run started, or was taken up again; steps that were made before. */
  readonly since: number;
  readonly before: number;
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
    const none = { before: 0, done: 0, step: undefined, steps: 0, cells: 0, learning: 0 };
    return { run: event, since: now, latest: now, ...none };
  }
  if (progress === undefined) return undefined;
  const { done, before, step } = progress;
  if (event.type === "resumed") {
    return { ...progress, since: now, before: done, cells: 0, learning: 0 };
  }
  if (event.type === "stage") return { ...progress, steps: event.steps };
  if (event.type !== "step") return progress;
  const goesOn = done > before && step !== undefined && event.step > step.step;
  return {
    ...progress,
    done: done + 1,
    step: event,
    latest: now,
    cells: progress.cells + (goesOn ? event.cells : 0),
    learning: progress.learning + (goesOn ? now - progress.latest : 0),
  };
}

/**
 * Which training the run is in and how it goes there, piece by piece: method, seed and stage; the
 * step; the loss; the speed; the time that is left. What is not known yet is "".
 */
export function progressInWords(progress: Progress, now: number) {
  const { run, step, steps, done, before, since, cells, learning } = progress;
  if (step === undefined) return { place: "starting", step: "", loss: "", speed: "", left: "" };
  const seed = run.seeds.indexOf(step.seed) + 1;
  const left = (now - since) / (done - before) * Math.max(0, run.steps - done);
  return {
    place:
      `${printable(methodsInWords(step.methods, run.methods))} seed ${seed}/${run.seeds.length} ` +
      `stage ${step.stage}/${run.stages.length - 1}`,
    step: `step ${step.step}/${steps}`,
    loss: `loss ${step.loss.toPrecision(3)}`,
    speed: learning > 0 ? `${rate(cells / learning)} cells/s` : "",
    left: Number.isFinite(left) ? `${clockTime(left)} left` : "",
  };
}

/**
 * All of it in one line of at most `columns` characters with a bar of the whole run in it; where
 * that is too long, first the step goes, then speed and loss.
 *
 * @param bar Draws a bar of a size.
 */
export function progressLine(
  progress: Progress,
  now: number,
  { columns, bar }: { readonly columns: number; readonly bar: (size: number) => string },
): string {
  const { place, step, loss, speed, left } = progressInWords(progress, now);
  const line = (pieces: readonly string[]) => pieces.filter((piece) => piece !== "").join(" ");
  const choices = [[step, loss, speed, left], [loss, speed, left], [loss, left], [left]];
  const tail = choices.map(line).find((tail) => line([place, tail]).length + 6 <= columns) ?? "";
  const room = columns - line([place, tail]).length - 2;
  return line([place, room < 4 ? "" : bar(Math.min(30, room)), tail]).slice(0, columns);
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

/** Hours, minutes and seconds as a clock shows them: "1:40", "2:05:00". */
export function clockTime(seconds: number): string {
  const whole = Math.round(seconds), two = (n: number) => String(n % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole)}` : `${minutes}:${two(whole)}`;
}

/** Methods that still share their training are named together; all of them, as such. */
function methodsInWords(methods: readonly string[], all: readonly string[]): string {
  if (methods.length === 1 || methods.length === 2) return methods.join("+");
  return methods.length === all.length ? "all methods" : `${methods.length} methods`;
}

const rate = (perSecond: number): string =>
  perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString("en");
