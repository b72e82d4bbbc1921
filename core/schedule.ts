/**
 * From gene sets to a curriculum that can be trained: cells dealt at random, and the sentence that
 * says why not where nothing could be learned.
 *
 * @module
 */

import { Effect, Schema } from "effect";
import { arrange, type Curriculum, type Partition, type Survey } from "./curriculum.ts";
import { ExperimentError, type GilError } from "./errors.ts";
import { failed } from "./failed.ts";
import { dealCells, inGrains, partitionBy } from "./partition.ts";
import { permutation } from "./permutation.ts";
import { setting } from "./plugin.ts";
import { Share } from "./quantities.ts";
import { derive, keyOf } from "./random.ts";

/** Genes that arrive in one stage. */
export interface NamedGenes {
  readonly name: string;
  readonly genes: readonly number[];
}

const wholeFromOne = Schema.makeFilter<number>(
  (value) => value < 1 || Number.isInteger(value) || "a share below 1, or a whole number of cells",
  { toJsonSchema: () => ({ anyOf: [{ exclusiveMaximum: 1 }, { type: "integer" }] }) },
);

/** The settings of every curriculum that deals the cells at random. */
export const dealSettings = {
  heldOut: setting(
    Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0), wholeFromOne),
    0.1,
    "cells held out from training: a share when below 1, else how many",
  ),
  baseShare: setting(
    Share,
    0.5,
    "share of the training cells that the base stage gets; 0 folds that stage away",
  ),
  seed: setting(Schema.Int, 0, "seed of the split, the same for all runs of an experiment"),
};

/** What `dealSettings` decode to. */
export interface DealSettings {
  readonly heldOut: number;
  readonly baseShare: number;
  readonly seed: number;
}

/** Grains that each part must have before cells are dealt in grains: shares then err by a per cent. */
const GRAINS = 100;

/**
 * Deals the surveyed cells: held-out cells first, then the base stage's share, the rest equally. Where
 * the source has grains, and many of them, each goes to one part as a whole: a stage that reads its own
 * cells then reads nothing in vain.
 */
export function dealtPartition({ cells, sets, grain = 1 }: Survey, split: DealSettings): Partition {
  const key = derive(keyOf(split.seed), "cells"), parts = sets.length + 2;
  const grains = Math.ceil(cells / grain);
  if (grain === 1 || split.heldOut >= 1 || grains < GRAINS * parts) {
    return partitionBy(permutation(cells, key), dealCells({ ...split, cells, sets: sets.length }));
  }
  const dealt = dealCells({ ...split, cells: grains, sets: sets.length });
  return inGrains(partitionBy(permutation(grains, key), dealt), { cells, grain });
}

/** The survey's sums, set by set; refuses more sets than there are genes before it reads anything. */
export const surveySums = Effect.fnUntraced(
  function* ({ sets, symbols, sums }: Survey): Effect.fn.Return<readonly Float64Array[], GilError> {
    if (sets.length > symbols.length) {
      return yield* new ExperimentError({
        message: `Cannot fill ${sets.length} gene sets from ${symbols.length} ` +
          `${symbols.length === 1 ? "gene" : "genes"}: each set needs one; use fewer sets`,
      });
    }
    return yield* Effect.tryPromise({ try: sums, catch: (cause) => cause }).pipe(
      Effect.catch(failed),
    );
  },
);

/** Puts gene sets and cells together; refuses a stage in which nothing could be learned. */
export const schedule = Effect.fnUntraced(function* (
  sets: readonly NamedGenes[],
  partition: Partition,
  { symbols, sums }: {
    readonly symbols: readonly string[];
    readonly sums: readonly Float64Array[];
  },
): Effect.fn.Return<Curriculum, ExperimentError> {
  const refuse = (stage: string, why: string) =>
    new ExperimentError({ message: `Cannot train stage "${stage}": ${why}` });

  for (const { name, genes } of sets) {
    if (genes.length === 0) {
      return yield* refuse(name, "its gene set has no genes; use fewer sets, or more genes");
    }
    if (sums.length > 0 && !genes.some((gene) => sums.some((sum) => sum[gene] > 0))) {
      return yield* refuse(
        name,
        `no cell of any gene set's data expresses one of its ${genes.length} genes; ` +
          `check which cells the sets name`,
      );
    }
  }
  const genes = arrange(symbols.length, sets);
  if (genes.base === 0 && partition.size(0) > 0) {
    return yield* refuse("base", "no gene is left for it; use fewer stage genes, or baseShare 0");
  }
  for (const { index, name } of genes.stages) {
    if (index > 0 && partition.size(index) === 0) {
      return yield* refuse(name, "no cell is left for it; hold out fewer cells, or use fewer sets");
    }
  }
  return { ...genes, partition };
});
