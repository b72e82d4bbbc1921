/**
 * What a run costs, counted before it starts.
 *
 * @module
 */

import { HELD_OUT } from "../../core/curriculum.ts";
import { type Course, jointCourse, stageCourse } from "../course.ts";
import { hearings } from "../judge.ts";
import type { MethodPlan, Run } from "../run.ts";

/** What a run costs. */
export interface Cost {
  /** Optimiser steps; trainings that methods share count once. */
  readonly steps: number;
  /** Cells that are learned from, remembered ones included; as often as they are. */
  readonly learned: number;
  /** Cells that are predicted, by models that are judged and by teachers; as often as they are. */
  readonly predicted: number;
}

/** The cost of all seeds and methods. */
export function costOf(run: Run): Cost {
  const { curriculum, training, methods, seeds } = run;
  const stage = (index: number) => stageCourse(curriculum, training, index);
  const sequential = methods.filter(({ stages }) => stages === "sequential");
  const later = curriculum.stages.slice(2).map(({ index }) => index);
  const parts = [
    trained(stage(0)),
    ...(sequential.length === 0 ? [] : [trained(stage(1)), judged(run, 1)]),
    ...sequential.flatMap((method) =>
      later.flatMap((index) => [trained(stage(index), method), judged(run, index)])
    ),
    ...methods.filter(({ stages }) => stages === "joint").flatMap(() => [
      trained(jointCourse(curriculum, training)),
      judged(run, curriculum.stages.length - 1),
    ]),
  ];
  const total = (count: (cost: Cost) => number) =>
    seeds.length * parts.reduce((sum, part) => sum + count(part), 0);
  return {
    steps: total(({ steps }) => steps),
    learned: total(({ learned }) => learned),
    predicted: total(({ predicted }) => predicted),
  };
}

/** One training: a memory lends a batch of its own for every earlier gene stage. */
function trained({ stage, steps, cells, epochs }: Course, method?: MethodPlan): Cost {
  const seen = epochs * cells, earlier = method?.replay ? stage.index - 1 : 0;
  return { steps, learned: seen * (1 + earlier), predicted: method?.distiller ? seen : 0 };
}

/** The questions of all evaluators after a stage. */
function judged(run: Run, after: number): Cost {
  const cells = run.judges.flatMap((plan) => hearings(run, plan, after))
    .map(({ dataSet }) => dataSet?.cells ?? run.curriculum.partition.size(HELD_OUT));
  return { steps: 0, learned: 0, predicted: cells.reduce((sum, count) => sum + count, 0) };
}
