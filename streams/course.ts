/**
 * What one training goes through: which cells, seen how, for how many steps. A plan, nothing read.
 *
 * @module
 */

import { type Curriculum, seenBy, shownBy, type Stage, type View } from "../core/curriculum.ts";
import { epochsOf, type Experiment } from "../core/experiment.ts";

/** The plan of one training. */
export interface Course {
  /** Stage after which its model is judged. */
  readonly stage: Stage;
  readonly cells: number;
  /** Whether a cell takes part. */
  readonly keep: (cell: number) => boolean;
  /** What a cell shows: the same for all, or by row of the atlas. */
  readonly view: View | ((cell: number) => View);
  /** 1 at each gene that any of its cells shows: no other is read. */
  readonly genes: Uint8Array;
  readonly epochs: number;
  /** Optimiser steps: the last batch of an epoch may be smaller. */
  readonly steps: number;
}

type Training = Pick<Experiment["training"], "batch" | "epochs">;

/** The course of a stage: its own cells, which show base genes and the genes that arrive. */
export function stageCourse(curriculum: Curriculum, training: Training, index: number): Course {
  const { stages, partition } = curriculum, stage = stages[index];
  return course(training, {
    stage,
    cells: partition.size(index),
    keep: (cell) => partition.part(cell) === index,
    view: stage,
    genes: shownBy(curriculum, stage),
    epochs: epochsOf(training.epochs, index),
  });
}

/** The oracle's course: the cells of all gene stages at once, each shown as its own stage shows it. */
export function jointCourse(curriculum: Curriculum, training: Training): Course {
  const { stages, partition } = curriculum;
  return course(training, {
    stage: stages[stages.length - 1],
    cells: stages.slice(1).reduce((sum, { index }) => sum + partition.size(index), 0),
    keep: (cell) => partition.part(cell) > 0,
    view: (cell) => stages[partition.part(cell)],
    genes: shownBy(curriculum, seenBy(curriculum, stages.length - 1)),
    epochs: epochsOf(training.epochs, 1),
  });
}

function course({ batch }: Training, plan: Omit<Course, "steps">): Course {
  return { ...plan, steps: plan.epochs * Math.ceil(plan.cells / batch) };
}
