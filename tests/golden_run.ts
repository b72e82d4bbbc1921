/**
 * The reference's short real run as the events of a run.
 *
 * @module
 */

import type { RunEvent } from "../core/events.ts";

/** One method and seed of `gil/gil_run.json`: squared errors on the held-out cells. */
export interface GoldenRow {
  readonly method: string;
  readonly seed: number;
  readonly T1_after_stage1: number;
  readonly T1_after_stage2_union: number;
  readonly T2_after_stage2_union: number;
}

/** The events of a run with these scores: what a run of the same protocol would have told. */
export function goldenRun(rows: readonly GoldenRow[]): RunEvent[] {
  const score = (row: GoldenRow, own: number, after: number, value: number): RunEvent => ({
    type: "score",
    score: {
      method: row.method,
      seed: row.seed,
      trial: 0,
      evaluator: "regression loss",
      set: `T${own}`,
      own,
      after,
      value,
    },
  });
  return [
    {
      type: "started",
      experiment: "reference",
      methods: ["baseline", "replay", "distill"],
      seeds: [0, 1, 2],
      engine: "PyTorch 2.3.1",
      cells: 4108,
      genes: 2000,
      steps: 6714,
      estimate: 900,
      stages: [
        { name: "base", genes: 1952, cells: 1804 },
        { name: "T1", genes: 25, cells: 902 },
        { name: "T2", genes: 23, cells: 902 },
      ],
      evaluators: [{ name: "regression loss", unit: "squared error", better: "lower" }],
    },
    ...rows.flatMap((row) => [
      score(row, 1, 1, row.T1_after_stage1),
      score(row, 1, 2, row.T1_after_stage2_union),
      score(row, 2, 2, row.T2_after_stage2_union),
    ]),
    { type: "finished", seconds: 900 },
  ];
}
