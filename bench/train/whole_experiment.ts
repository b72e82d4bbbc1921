/**
 * The experiment of a whole training: cells streamed from an atlas on the disk, three stages, replay.
 *
 * @module
 */

import type { Use } from "../../core/experiment.ts";
import { suggest } from "../../core/nearest.ts";
import type { Size } from "./sizes.ts";

/** How much is trained. */
interface Amount {
  /** Batches of the base stage; each of the two gene stages has half as many. */
  readonly batches: number;
  readonly epochs: number;
  /** Median of a cell's counts: so many that all rows are full. */
  readonly depth: number;
}

/** By the name of the size: ten seconds and more of training with two threads. */
export const amounts: Readonly<Record<string, Amount>> = {
  demo: { batches: 64, epochs: 12, depth: 1200 },
  real: { batches: 40, epochs: 4, depth: 4000 },
  spike: { batches: 12, epochs: 1, depth: 12_000 },
};

/** Cells that are not trained on. */
const HELD_OUT = 32;

/**
 * An experiment file that trains the model of a size on an engine; all its batches are full.
 *
 * @throws RangeError for sizes that would take too long.
 */
export function experimentOf(size: Size, engine: Use): object {
  const { cells, genes, length, layers, width, heads, feedForward, dropout } = size;
  const amount = amounts[size.name];
  if (!amount) {
    const why = suggest(size.name, Object.keys(amounts));
    throw new RangeError(`Cannot measure a whole training of size "${size.name}": ${why}`);
  }
  const { batches, epochs, depth } = amount;
  const names = ["set-1", "set-2"];
  return {
    name: `whole ${size.name}`,
    seeds: [1],
    source: { use: "synthetic", cells: HELD_OUT + 2 * batches * cells, genes, depth },
    sets: names.map((dataset) => ({ name: dataset, where: { dataset } })),
    curriculum: {
      use: "important-genes",
      top: 30,
      clearRank: 4,
      lastRank: 20,
      heldOut: HELD_OUT,
      baseShare: 0.5,
    },
    sampler: { use: "long-tail", share: 0.5 },
    length: length - 1,
    architecture: {
      use: "transformer",
      layers,
      width,
      heads,
      feedForward,
      dropout,
      embedding: width,
    },
    training: { batch: cells, epochs, warmup: 50 },
    methods: {
      baseline: {},
      "gene replay": { replay: { use: "reservoir", cells: 1000 } },
    },
    evaluators: [{ use: "gene-regression", trials: 1 }],
    engine,
  };
}
