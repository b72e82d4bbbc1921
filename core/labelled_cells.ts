/**
 * Labelled cells as they are gathered from outcomes, and then brought into an order of their own.
 *
 * @module
 */

import { Schema } from "effect";
import type { Outcome } from "./evaluator.ts";
import type { Labelled } from "./linear_probe.ts";
import { permutation } from "./permutation.ts";
import { setting } from "./plugin.ts";
import { derive, type Key } from "./random.ts";

/** Labelled cells of some outcomes, one part each. */
export type Gathered = readonly {
  readonly cells: Uint32Array;
  /** Cells × width. */
  readonly features: Float32Array;
  readonly labels: Int32Array;
}[];

/** Adds copies of the labelled cells of an outcome; cells with label -1 are left out. */
export function gather(gathered: Gathered, { tokens, embedding, labels }: Outcome): Gathered {
  const width = embedding.length / tokens.cells.length;
  const rows: number[] = [];
  for (let i = 0; i < labels.length; i++) if (labels[i] >= 0) rows.push(i);
  const features = new Float32Array(rows.length * width);
  rows.forEach((row, i) =>
    features.set(embedding.subarray(row * width, (row + 1) * width), i * width)
  );
  return [...gathered, {
    cells: Uint32Array.from(rows, (row) => tokens.cells[row]),
    features,
    labels: Int32Array.from(rows, (row) => labels[row]),
  }];
}

/** What evaluators that put labelled cells into their classes have in common: all of it but the score. */
export const classifying = {
  unit: "accuracy",
  better: "higher",
  cells: "labelled",
  visible: "union",
  mask: 0,
  empty: (): Gathered => [],
  add: gather,
} as const;

/** The setting of such evaluators that says which gene sets they ask about. */
export const askedSets = setting(
  Schema.Literals(["seen", "all"]),
  "all",
  "gene sets that are asked about: those that have arrived, or later ones too",
);

/** All gathered cells in the order of their rows in the atlas, however they came. */
export function inOrder(gathered: Gathered): Labelled {
  const all = gathered.flatMap(({ cells }, part) =>
    Array.from(cells, (cell, row) => ({ cell, part, row }))
  ).sort((a, b) => a.cell - b.cell);
  const width = all.length === 0 ? 0 : gathered[all[0].part].features.length /
    gathered[all[0].part].cells.length;
  const features = new Float32Array(all.length * width), labels = new Int32Array(all.length);
  all.forEach(({ part, row }, i) => {
    const from = gathered[part];
    features.set(from.features.subarray(row * width, (row + 1) * width), i * width);
    labels[i] = from.labels[row];
  });
  return { features, width, labels };
}

/** Cells to learn from of so many labelled ones: the share of them, rounded down. */
export const trainedOn = (cells: number, share: number): number => Math.floor(cells * share);

/**
 * Rows of cells to learn from, `share` of them rounded down, and to test on, at random; undefined
 * without two classes, or where one of the parts is empty.
 */
export function splitCells(
  { labels }: Labelled,
  share: number,
  key: Key,
): { readonly train: Uint32Array; readonly test: Uint32Array } | undefined {
  const cells = labels.length, order = permutation(cells, derive(key, "split"));
  const rows = Uint32Array.from({ length: cells }, (_, position) => order.at(position));
  const train = rows.subarray(0, trainedOn(cells, share)), test = rows.subarray(train.length);
  const isPossible = new Set(labels).size > 1 && train.length > 0 && test.length > 0;
  return isPossible ? { train, test } : undefined;
}
