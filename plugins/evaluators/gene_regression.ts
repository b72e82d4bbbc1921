import { Schema } from "effect";
import type { Outcome, Question } from "../../core/evaluator.ts";
import { evaluator, setting } from "../../core/plugin.ts";
import { Positive, PositiveShare } from "../../core/quantities.ts";

/** Squared errors of the cells of one outcome. */
interface Errors {
  readonly cells: Uint32Array;
  /** Sum over the positions of each cell that count. */
  readonly sums: Float64Array;
  readonly positions: number;
}

/**
 * Gene-wise regression (Gene incremental learning, AAAI 2026, Eq. 11): the mean squared error over
 * all masked positions whose gene belongs to the asked set, every position counting alike, in the
 * units of the transformed values.
 */
export const geneRegression = evaluator({
  id: "gene-regression",
  purpose: "measures how well masked values of a set's genes are predicted",
  config: {
    trials: setting(
      Positive,
      3,
      "passes over the held-out cells, with genes and masks drawn afresh",
    ),
    mask: setting(PositiveShare, 0.4, "share of a cell's positions that are masked"),
    visible: setting(
      Schema.Literals(["union", "own"]),
      "union",
      "genes that cells show: all that arrived so far, or base genes and the asked set",
    ),
  },
  make: ({ trials, mask, visible }) => ({
    name: visible === "union" ? "regression loss" : "regression loss (own genes)",
    unit: "squared error",
    better: "lower",
    cells: "held-out",
    visible,
    asks: "seen",
    mask,
    trials,
    empty: (): readonly Errors[] => [],
    add: (all: readonly Errors[], outcome, question) => [...all, errorsOf(outcome, question)],
    value: meanOf,
  }),
});

function errorsOf({ tokens, mlm }: Outcome, { set, curriculum }: Question): Errors {
  const { genes, masked, target, length } = tokens, { rank } = curriculum;
  const sums = new Float64Array(tokens.cells.length);
  let positions = 0;
  for (let p = 0; p < genes.length; p++) {
    const r = rank[genes[p]];
    if (masked[p] === 0 || !(r >= set.from && r < set.to)) continue;
    positions++;
    sums[Math.floor(p / length)] += (mlm[p] - target[p]) ** 2;
  }
  return { cells: tokens.cells.slice(), sums, positions };
}

/** Summed in the order of the cells' rows, so that the last bit does not depend on batching. */
function meanOf(all: readonly Errors[]): number {
  const cells = all.flatMap(({ cells, sums }) =>
    Array.from(cells, (cell, i) => ({ cell, sum: sums[i] }))
  ).sort((a, b) => a.cell - b.cell || a.sum - b.sum);
  let sum = 0, positions = 0;
  for (const cell of cells) sum += cell.sum;
  for (const part of all) positions += part.positions;
  return sum / positions;
}
