/**
 * The models that are measured, and the work that a step of each is.
 *
 * @module
 */

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
}

const real = { layers: 6, width: 256, heads: 8, cells: 8 };
const paper = { ...real, feedForward: 256, genes: 60_694, length: 513 };

/** The sizes by name: the demo's, that of the first experiments with engines, and the paper's. */
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
    { name: "spike", ...real, feedForward: 512, genes: 4_997, length: 512, dropout: 0 },
    { name: "paper", ...paper, dropout: 0.15 },
    { name: "paper-no-dropout", ...paper, dropout: 0 },
  ].map((size) => [size.name, size]),
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
};

/**
 * Floating-point operations in the matrix products of a training step: three times those of the
 * forward pass, the value encoder and both heads included.
 */
export function operationsOf(size: Size): number {
  const { layers, width, feedForward, length, cells } = size;
  const tokens = cells * length;
  const layer = 2 * tokens * (4 * width ** 2 + 2 * width * feedForward) +
    4 * tokens * length * width;
  const valueEncoder = 2 * tokens * (width + width ** 2);
  const decoder = 2 * tokens * (2 * width ** 2 + width);
  const recall = 2 * tokens * (3 * width ** 2 + width);
  return 3 * (layers * layer + valueEncoder + decoder + recall);
}

/** Edge of the square matrices whose product shows what a machine can do. */
export const EDGE = { fp32: 2048, bf16: 1024 } as const;
