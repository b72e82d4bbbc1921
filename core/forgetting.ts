/**
 * Numbers called forgetting and backward transfer, each by its formula: from one matrix of scores
 * the libraries in use compute different ones, even of different sign.
 *
 * In the formulas T is the number of stages with genes of their own, R[i, j] the score of the genes
 * of the j-th such stage after the i-th, from 1. Where lower scores are better, R stands for the
 * negative score: forgetting is always positive, and backward transfer negative, when knowledge is
 * lost. Every value is NaN when fewer than two stages or a score that the formula needs is missing.
 *
 * @example The same matrix, two numbers
 * ```ts
 * import { backwardTransfers, type ScoreMatrix } from "gil";
 *
 * const recovered: ScoreMatrix = {
 *   better: "higher",
 *   stages: [1, 2, 3],
 *   values: [[0.9, 0.3, 0.2], [0.2, 0.5, 0.2], [1.0, 0.5, 0.6]],
 * };
 * console.assert(backwardTransfers.last.of(recovered) > 0);
 * console.assert(backwardTransfers.allPairs.of(recovered) < 0);
 * ```
 *
 * @module
 */

import type { ScoreMatrix } from "./score_matrix.ts";
import { mean } from "./spread.ts";

/** A number computed from a matrix of scores. */
export interface Formula {
  /** How it is computed. */
  readonly formula: string;
  /** Who computes it so. */
  readonly source: string;
  readonly of: (matrix: ScoreMatrix) => number;
}

/** The Δ of the gene-incremental-learning paper, in the score's own direction: a loss's rise is positive. */
export const change: Formula = {
  formula: "mean over j < T of score[T, j] − score[j, j]",
  source: "Gene incremental learning, AAAI 2026, Tables 1 to 3",
  of: ({ values }) => {
    const last = values.length - 1;
    return mean(earlier(last).map((j) => values[last][j] - values[j][j]));
  },
};

/** What is called forgetting. */
export const forgettings = {
  /** From the best score, the last one included: never negative. */
  best: {
    formula: "mean over j < T of max over i of R[i, j] − R[T, j]",
    source: "Mammoth, utils/metrics.py",
    of: fromBest((rows) => rows),
  },
  /** From the best score since the genes arrived, the last one included: never negative. */
  bestLearned: {
    formula: "mean over j < T of max over i ≥ j of R[i, j] − R[T, j]",
    source: "PyCIL, accuracy table of its trainer",
    of: fromBest((rows, j) => rows.slice(j)),
  },
  /** From the best score before the last stage. */
  bestBefore: {
    formula: "mean over j < T of max over i < T of R[i, j] − R[T, j]",
    source: "Chaudhry et al., Riemannian walk, ECCV 2018, eq. 3, as Renate computes it",
    of: fromBest((rows) => rows.slice(0, -1)),
  },
  /** From the best score since the genes arrived and before the last stage. */
  bestLearnedBefore: {
    formula: "mean over j < T of max over j ≤ i < T of R[i, j] − R[T, j]",
    source: "Chaudhry et al., ECCV 2018, eq. 3, as Continuum computes it",
    of: fromBest((rows, j) => rows.slice(j, -1)),
  },
  /** From the score on arrival; the stage before the last one is left out but counted. */
  skippingOne: {
    formula: "sum over j < T − 1 of R[j, j] − R[T, j], divided by T − 1",
    source: "LibContinual, core/utils/utils.py",
    of: (matrix) => {
      const { rows, last } = oriented(matrix);
      return sum(earlier(last - 1).map((j) => rows[j][j] - rows[last][j])) /
        earlier(last).length;
    },
  },
  /** From the score on arrival: backward transfer with the other sign. */
  initial: {
    formula: "mean over j < T of R[j, j] − R[T, j]",
    source: "Avalanche, evaluation/metrics/forgetting_bwt.py",
    of: (matrix) => {
      const { rows, last } = oriented(matrix);
      return mean(earlier(last).map((j) => rows[j][j] - rows[last][j]));
    },
  },
} as const satisfies Record<string, Formula>;

/** What is called backward transfer. */
export const backwardTransfers = {
  /** After the last stage, against the score on arrival. */
  last: {
    formula: "mean over j < T of R[T, j] − R[j, j]",
    source: "Lopez-Paz and Ranzato, Gradient episodic memory, NeurIPS 2017; " +
      "Mammoth, Renate and Avalanche",
    of: (matrix) => {
      const { rows, last } = oriented(matrix);
      return mean(earlier(last).map((j) => rows[last][j] - rows[j][j]));
    },
  },
  /** After every later stage, against the score on arrival. */
  allPairs: {
    formula: "mean over j < i ≤ T of R[i, j] − R[j, j]",
    source: "Díaz-Rodríguez et al., Don't forget, there is more than forgetting, 2018; " +
      "Continuum and CapyMOA",
    of: (matrix) => mean(transfers(matrix, 1)),
  },
  /** After every later stage but the next one, which is counted all the same. */
  skippingOne: {
    formula: "sum over j < i − 1, i ≤ T of R[i, j] − R[j, j], divided by T (T − 1) / 2",
    source: "LibContinual, core/utils/utils.py",
    of: (matrix) => sum(transfers(matrix, 2)) / transfers(matrix, 1).length,
  },
} as const satisfies Record<string, Formula>;

/** The matrix with higher always better, and its last row. */
function oriented({ better, values }: ScoreMatrix) {
  const sign = better === "higher" ? 1 : -1;
  return { rows: values.map((row) => row.map((v) => sign * v)), last: values.length - 1 };
}

/** Forgetting from the best of the rows that `among` leaves for a column. */
function fromBest(
  among: (rows: readonly number[][], j: number) => readonly number[][],
): Formula["of"] {
  return (matrix) => {
    const { rows, last } = oriented(matrix);
    return mean(earlier(last).map((j) => best(among(rows, j), j) - rows[last][j]));
  };
}

/** The best score of a column; scores that were never taken do not count. */
function best(rows: readonly number[][], j: number): number {
  const taken = rows.map((row) => row[j]).filter((score) => !Number.isNaN(score));
  return taken.length === 0 ? NaN : Math.max(...taken);
}

/** R[i, j] − R[j, j] for all i at least `distance` after j. */
function transfers(matrix: ScoreMatrix, distance: number): number[] {
  const { rows } = oriented(matrix);
  return rows.flatMap((row, i) => earlier(i - distance + 1).map((j) => row[j] - rows[j][j]));
}

/** 0 … n - 1; empty for negative n. */
const earlier = (n: number): number[] => [...Array(Math.max(n, 0)).keys()];

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
