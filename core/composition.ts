/**
 * Refuses experiments whose parts contradict each other, before anything starts.
 *
 * @module
 */

import { Effect } from "effect";
import { HELD_OUT, type Partition } from "./curriculum.ts";
import { decode } from "./decode.ts";
import { ExperimentError } from "./errors.ts";
import type { Evaluator } from "./evaluator.ts";
import { Measured } from "./events.ts";
import type { Experiment } from "./experiment.ts";
import type { Scale } from "./source.ts";

/** A plugin in a chain of values: what it takes and gives. */
export interface Link {
  readonly id: string;
  readonly takes: Scale | undefined;
  readonly gives: Scale | undefined;
}

/**
 * Follows the scale of the values from the source through the transforms.
 *
 * @returns The scale at the end; fails when a transform would get what it does not take.
 */
export const checkScales = Effect.fnUntraced(function* (
  source: { readonly id: string; readonly values: Scale },
  transforms: readonly Link[],
) {
  let scale = source.values, giver = `source "${source.id}"`;
  for (const { id, takes, gives } of transforms) {
    if (takes !== undefined && takes !== scale) {
      return yield* new ExperimentError({
        message: `Cannot put transform "${id}" after ${giver}: it takes ${takes} but gets ` +
          `${scale}; leave it out or change their order`,
      });
    }
    if (gives !== undefined) [scale, giver] = [gives, `transform "${id}"`];
  }
  return scale;
});

/** Names that results have for something else than a gene set. */
const TAKEN: ReadonlyMap<string, string> = new Map([
  ["base", "the stage before them all"],
  ["average", "their mean"],
]);

/** Refuses methods that cannot do what they say, and questions that cannot be answered. */
export const checkMethods = Effect.fnUntraced(function* (experiment: Experiment) {
  const names = Object.keys(experiment.methods);
  if (names.length === 0) {
    return yield* new ExperimentError({
      message: `Cannot run experiment "${experiment.name}": it compares no methods; ` +
        `add one, for example "baseline": {}`,
    });
  }
  const nameless = [
    ...names.map((name) => ["a method", name]),
    ...experiment.sets.map(({ name }) => ["a gene set", name]),
  ].find(([, name]) => !/[\p{L}\p{N}\p{P}\p{S}]/u.test(name));
  if (nameless !== undefined) {
    return yield* new ExperimentError({
      message: `Cannot call ${nameless.join(' "')}": tables tell it by its name; ` +
        `give it one that can be seen`,
    });
  }
  for (const name of names) {
    const { stages, replay, distiller } = experiment.methods[name];
    for (const [kind, use] of [["replay", replay], ["distiller", distiller]] as const) {
      if (use === null) continue;
      if (stages === "joint") {
        return yield* new ExperimentError({
          message: `Cannot combine ${kind} "${use.use}" with joint training in method "${name}": ` +
            `all stages are trained at once, so none is earlier; leave one of them out`,
        });
      }
      if (experiment.sets.length < 2) {
        return yield* new ExperimentError({
          message: `Cannot use ${kind} "${use.use}" in method "${name}": with the only gene set ` +
            `"${experiment.sets[0].name}" there is no earlier gene stage; add a second set`,
        });
      }
    }
  }
  const twice = experiment.sets.find(({ name }, i) =>
    experiment.sets.findIndex((set) => set.name === name) !== i
  );
  if (twice !== undefined) {
    return yield* new ExperimentError({
      message: `Cannot tell apart two gene sets called "${twice.name}": give each its own name`,
    });
  }
  const taken = experiment.sets.find(({ name }) => TAKEN.has(name));
  if (taken !== undefined) {
    return yield* new ExperimentError({
      message: `Cannot call a gene set "${taken.name}": ${TAKEN.get(taken.name)} is called so; ` +
        `give the set another name`,
    });
  }
});

/**
 * Refuses evaluators that do not say what they measure, and those whose scores, which go by name, would
 * be taken for each other's.
 */
export const checkEvaluators = Effect.fnUntraced(function* (
  evaluators: readonly Pick<Evaluator, "name" | "unit" | "better">[],
) {
  for (const [i, { name, unit, better }] of evaluators.entries()) {
    yield* decode(Measured, { name, unit, better }, `Cannot tell what evaluator ${i + 1} measures`);
  }
  const names = evaluators.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  return yield* new ExperimentError({
    message: `Cannot tell apart two evaluators that measure "${twice}": scores go by that name; ` +
      `leave one out, or ask it in an experiment of its own`,
  });
});

/** Refuses questions about held-out cells where a partition holds none out. */
export const checkHeldOut = Effect.fnUntraced(function* (
  evaluators: readonly Pick<Evaluator, "name" | "cells">[],
  partition: Pick<Partition, "size">,
) {
  const asking = evaluators.find(({ cells }) => cells === "held-out");
  if (asking === undefined || partition.size(HELD_OUT) > 0) return;
  return yield* new ExperimentError({
    message: `Cannot measure "${asking.name}": no cell is held out from training; let the ` +
      `curriculum hold some out, or leave the evaluator out`,
  });
});
