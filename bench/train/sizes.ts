/**
 * The models that are measured, and the work that a step of each is.
 *
 * @module
 */

import { permutation } from "../../core/permutation.ts";
import { keyOf } from "../../core/random.ts";

/** A transformer of the benchmark and the batch that it learns from. */
export interface Size {
  readonly name: string;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly dropout: number;
  /** Genes in the vocabulary, special tokens left out. */
  readonly genes: number;
  /** Positions in a row, the cell token included. */
  readonly length: number;
  /** Cells of a step. */
  readonly cells: number;
  /** Share of the positions of a batch that are no padding. */
  readonly filled: number;
}

const deep = { layers: 6, width: 256, heads: 8, cells: 8 };
const paper = { ...deep, feedForward: 256, genes: 60_694, length: 513 };

/**
 * The sizes by name: the demo's, that of the experiments on real cells, that of the first ones with
 * engines, and the paper's.
 */
export const sizes: Readonly<Record<string, Size>> = Object.fromEntries(
  [
    {
      name: "demo",
      layers: 2,
      width: 32,
      heads: 4,
      feedForward: 32,
      dropout: 0,
      genes: 500,
      length: 49,
      cells: 32,
    },
    {
      name: "real",
      layers: 2,
      width: 64,
      heads: 4,
      feedForward: 64,
      dropout: 0.15,
      genes: 2_000,
      length: 129,
      cells: 32,
    },
    { name: "spike", ...deep, feedForward: 512, genes: 4_997, length: 512, dropout: 0 },
    { name: "paper", ...paper, dropout: 0.15 },
    { name: "paper-no-dropout", ...paper, dropout: 0 },
  ].map((size) => [size.name, { ...size, filled: 1 }]),
);

/** The size that `growth` grows from: small enough that sixteen times the batch is a second. */
export const seedling: Size = {
  name: "seedling",
  layers: 4,
  width: 128,
  heads: 4,
  feedForward: 128,
  dropout: 0,
  genes: 5_000,
  length: 128,
  cells: 8,
  filled: 1,
};

/** A size whose cells have fewer genes, some more and some less. */
export const ragged = (size: Size, filled: number): Size =>
  filled === 1
    ? size
    : { ...size, name: `${size.name}, ${Math.round(100 * filled)} % full`, filled };

/** Positions of each cell that are no padding: evenly spread around their mean, in a random order. */
export function usedOf({ cells, length, filled }: Size): number[] {
  const most = Math.min(1, 2 * filled), least = 2 * filled - most;
  const order = permutation(cells, keyOf(3));
  return Array.from({ length: cells }, (_, i) => {
    const share = least + (most - least) * (order.at(i) + 0.5) / cells;
    return 1 + Math.round(share * (length - 1));
  });
}

/**
 * Floating-point operations in the matrix products of a training step: three times those of the
 * forward pass, the value encoder and both heads included, padding left out.
 */
export function operationsOf(size: Size): number {
  const { layers, width, feedForward } = size;
  const forward = usedOf(size).map((positions) => {
    const layer = 2 * positions * (4 * width ** 2 + 2 * width * feedForward) +
      4 * positions ** 2 * width;
    const valueEncoder = 2 * positions * (width + width ** 2);
    const decoder = 2 * positions * (2 * width ** 2 + width);
    const recall = 2 * positions * (3 * width ** 2 + width);
    return layers * layer + valueEncoder + decoder + recall;
  });
  return 3 * forward.reduce((a, b) => a + b, 0);
}

/** Edge of the square matrices whose product shows what a machine can do. */
export const EDGE = { fp32: 2048, bf16: 1024 } as const;
