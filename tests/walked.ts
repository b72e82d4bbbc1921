/**
 * A small run whose learner writes down what it is shown.
 *
 * @module
 */

import assert from "node:assert/strict";
import { lastValueFrom, map, toArray } from "rxjs";
import { concatCells, mapValues, selectCells } from "../core/batch.ts";
import { arrange } from "../core/curriculum.ts";
import type { Evaluator } from "../core/evaluator.ts";
import type { RunEvent } from "../core/events.ts";
import { dealCells, partitionBy } from "../core/partition.ts";
import { permutation } from "../core/permutation.ts";
import { keyOf } from "../core/random.ts";
import type { Replay } from "../core/replay.ts";
import type { TokenBatch } from "../core/tokens.ts";
import type { MethodPlan, Run } from "../streams/run.ts";
import { walk } from "../streams/walk.ts";
import { type MemoryCells, memorySource } from "./memory_source.ts";
import { type Spy, spyLearner } from "./spy_learner.ts";

/** Sizes of the small run: genes and cells of its atlas, genes of a row, cells of a batch. */
export const GENES = 30, CELLS = 120, LENGTH = 12, BATCH = 8;
/** The genes of both gene stages. */
export const T1 = [3, 7, 11, 19], T2 = [2, 5, 23];

/** Keeps the first cells it is offered: the smallest real memory. */
export function firstCells(cells: number): () => Replay {
  return () => {
    const kept = new Map<number, ReturnType<typeof concatCells>>();
    return {
      mode: "beside",
      remember(stage, batch) {
        const all = kept.has(stage) ? concatCells([kept.get(stage)!, batch]) : batch;
        kept.set(stage, selectCells(all, Array.from(all.cells.subarray(0, cells).keys())));
      },
      size: (stage) => kept.get(stage)?.cells.length ?? 0,
      recall(stage, position, count) {
        const all = kept.get(stage)!;
        const rows = Array.from({ length: count }, (_, i) => (position + i) % all.cells.length);
        return selectCells(all, rows);
      },
      save: () => [],
      restore() {},
    };
  };
}

/** The plan of a method, the baseline's unless changed. */
export const method = (name: string, plan: Partial<MethodPlan> = {}): MethodPlan => ({
  name,
  stages: "sequential",
  replay: undefined,
  distiller: undefined,
  ...plan,
});

/** Counts the cells that it was told about. */
const counter: Evaluator<number> = {
  name: "cells",
  unit: "cells",
  better: "higher",
  cells: "held-out",
  visible: "union",
  asks: "seen",
  mask: 0.4,
  trials: 2,
  empty: () => 0,
  add: (sum, { tokens }) => sum + tokens.cells.length,
  value: (sum) => sum,
};

/** A run of two methods on cells in memory. */
export function runOf(
  learner: Spy,
  change: Partial<Run> = {},
  cells: Partial<MemoryCells> = {},
): Run {
  const source = memorySource({ cells: CELLS, genes: GENES, ...cells });
  return {
    seeds: [1],
    methods: [method("baseline"), method("replay", { replay: firstCells(5) })],
    source,
    sets: ["T1", "T2"].map((name) => ({
      name,
      where: {},
      label: "type",
      source,
      cells: CELLS,
      classes: ["a", "b"],
    })),
    curriculum: {
      ...arrange(GENES, [{ name: "T1", genes: T1 }, { name: "T2", genes: T2 }]),
      partition: partitionBy(
        permutation(CELLS, keyOf(3)),
        dealCells({ cells: CELLS, sets: 2, heldOut: 20, baseShare: 0.5 }),
      ),
    },
    transforms: [map((batch) => mapValues(batch, Math.log1p))],
    sampler: (genes, _values, random, chosen) => {
      const order = permutation(genes.length, keyOf(random.bits()));
      for (let i = 0; i < chosen.length; i++) chosen[i] = order.at(i);
    },
    length: LENGTH,
    mask: 0.4,
    training: { batch: BATCH, epochs: [2, 3, 1], rate: 0.01, warmup: 4, microBatch: null },
    judges: [{
      evaluator: counter as Evaluator,
      sampler: (_g, _v, _r, chosen) => chosen.fill(0).forEach((_, i) => chosen[i] = i),
    }],
    learners: [learner],
    ...change,
  };
}
/** All that a run tells. */
export const eventsOf = (run: Run): Promise<RunEvent[]> => lastValueFrom(walk(run).pipe(toArray()));
/** The genes of a batch, without its special tokens. */
export const genesOf = (tokens: TokenBatch) => [...tokens.genes].filter((gene) => gene < GENES);

/** What the walk showed, one entry a training, told apart by its events. */
export async function trainings(change: Partial<Run> = {}) {
  const spy = spyLearner(), run = runOf(spy, change), events = await eventsOf(run);
  const steps = events.filter((event) => event.type === "step");
  assert.equal(steps.length, spy.learned.length);
  const shown = steps.map((event, i) => ({ ...event, ...spy.learned[i] }));
  return { run, spy, events, shown };
}
