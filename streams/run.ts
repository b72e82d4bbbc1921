/**
 * Everything a run needs, already made: what the walk walks on.
 *
 * @module
 */

import type { Observable, OperatorFunction } from "rxjs";
import type { CellBatch } from "../core/batch.ts";
import type { Curriculum } from "../core/curriculum.ts";
import type { Distiller } from "../core/distiller.ts";
import type { Evaluator } from "../core/evaluator.ts";
import type { Experiment, GeneSet } from "../core/experiment.ts";
import type { Key } from "../core/random.ts";
import type { Replay, ReplayState } from "../core/replay.ts";
import type { Sampler } from "../core/sampler.ts";
import type { Source } from "../core/source.ts";
import type { Bookmark } from "./checkpoint/bookmark.ts";
import type { Learner } from "./learner.ts";

/** A method, its plugins made; `replay` makes a new memory for every seed. */
export interface MethodPlan {
  readonly name: string;
  readonly stages: "sequential" | "joint";
  readonly replay: ((key: Key) => Replay) | undefined;
  readonly distiller: Distiller | undefined;
}

/** The data set of a gene set. */
export interface DataSet extends Omit<GeneSet, "source"> {
  readonly source: Source;
  readonly cells: number;
  /** Categories of the label column; none when it has no label. */
  readonly classes: readonly string[];
}

/** An evaluator and the sampler that chooses what it shows. */
export interface JudgePlan {
  readonly evaluator: Evaluator;
  readonly sampler: Sampler;
}

/** Everything a run needs, already made. */
export interface Run {
  readonly seeds: readonly number[];
  readonly methods: readonly MethodPlan[];
  readonly source: Source;
  /** One a gene stage, in order. */
  readonly sets: readonly DataSet[];
  readonly curriculum: Curriculum;
  readonly transforms: readonly OperatorFunction<CellBatch, CellBatch>[];
  readonly sampler: Sampler;
  /** Genes of a cell that the model reads, at most. */
  readonly length: number;
  readonly mask: number;
  readonly training: Experiment["training"];
  readonly judges: readonly JudgePlan[];
  /** One for each seed that is trained at the same time. */
  readonly learners: readonly Learner[];
  /** Keeps where seeds are, so that they can go on another day. */
  readonly keeper?: Keeper;
  /**
   * Keeps the weights of a model that has finished a stage, and what its method remembers; returns
   * the name of the weights' file.
   */
  readonly keep?: (
    weights: Float32Array,
    place: Place,
    memory: ReplayState | undefined,
  ) => Promise<string>;
}

/** Keeps bookmarks. */
export interface Keeper {
  /** Where a seed goes on; it begins at the beginning unless there is something. */
  found(seed: number): Bookmark | undefined;
  /** Whether a seed should be kept now that a step is made; at the end of a leg it always is. */
  isDue(seed: number): boolean;
  keep(bookmark: Bookmark): Promise<void>;
  /** Whether all seeds shall stop where they are, once they are kept. */
  stopped(): boolean;
  /** Emits at the moment from which they shall. */
  readonly stopping: Observable<unknown>;
}

/** Where in a run something happens. */
export interface Place {
  /** Methods that share it. */
  readonly methods: readonly string[];
  readonly seed: number;
  readonly stage: number;
}

/** All transforms as one operator, in order. */
export function transformed(
  { transforms }: Pick<Run, "transforms">,
): OperatorFunction<CellBatch, CellBatch> {
  return (cells) => transforms.reduce((stream, transform) => stream.pipe(transform), cells);
}
