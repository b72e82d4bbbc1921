/**
 * From an experiment to data: its plugins made, its atlas opened, its data sets surveyed, its genes and
 * cells dealt to stages; every contradiction among them is refused. Nothing computes yet.
 *
 * @module
 */

import { Effect } from "effect";
import {
  checkEvaluators,
  checkHeldOut,
  checkMethods,
  checkScales,
} from "../../core/composition.ts";
import { ExperimentError, InputError } from "../../core/errors.ts";
import type { Evaluator } from "../../core/evaluator.ts";
import type { Experiment, GeneSet, Use } from "../../core/experiment.ts";
import { trainedOn } from "../../core/labelled_cells.ts";
import { suggest } from "../../core/nearest.ts";
import { find, make, type Registry } from "../../core/registry.ts";
import type { Source } from "../../core/source.ts";
import type { DataSet, MethodPlan, Run } from "../run.ts";
import { type Tally, tally } from "./survey.ts";

/** What of a run does not depend on who computes it. */
export type OpenedData = Omit<Run, "learners" | "keep" | "keeper">;

/** Opens the data that an experiment names, for as long as the scope lasts. */
export const openData = Effect.fnUntraced(function* (experiment: Experiment, registry: Registry) {
  yield* checkMethods(experiment);
  const methods = yield* Effect.forEach(
    Object.entries(experiment.methods),
    Effect.fnUntraced(function* ([name, { stages, replay, distiller }]) {
      const plan: MethodPlan = {
        name,
        stages,
        replay: replay === null ? undefined : yield* make(registry, "replay", replay),
        distiller: distiller === null ? undefined : yield* make(registry, "distiller", distiller),
      };
      return plan;
    }),
  );
  const transforms = yield* Effect.forEach(
    experiment.transforms,
    (use) => make(registry, "transform", use),
  );
  const sampler = yield* make(registry, "sampler", experiment.sampler);
  const judges = yield* Effect.forEach(
    experiment.evaluators,
    Effect.fnUntraced(function* ({ sampler, ...use }) {
      const evaluator = yield* make(registry, "evaluator", use as Use);
      return { evaluator, sampler: yield* make(registry, "sampler", sampler) };
    }),
  );
  const evaluators = judges.map(({ evaluator }) => evaluator);
  yield* checkEvaluators(evaluators);
  const arrange = yield* make(registry, "curriculum", experiment.curriculum);

  const source = yield* yield* make(registry, "source", experiment.source);
  yield* checkScales(
    { id: experiment.source.use, values: source.values },
    yield* Effect.forEach(experiment.transforms, (use) => find(registry, "transform", use)),
  );
  const labelled = evaluators.find(({ cells }) => cells === "labelled");
  const sets = yield* Effect.forEach(experiment.sets, (set) => openSet(set, source, registry));
  if (labelled !== undefined) yield* checkLabels(sets, labelled.name);
  const tallies = yield* Effect.forEach(sets, (set) => surveyed(set, { transforms }));
  yield* Effect.forEach(sets, ({ name }, i) => checkShares(evaluators, name, tallies[i]));

  const curriculum = yield* arrange({
    symbols: source.vocabulary.symbols,
    cells: source.cells,
    ...(source.grain !== undefined && { grain: source.grain }),
    sets: sets.map(({ name }) => name),
    sums: () => Promise.resolve(tallies.map(({ sums }) => sums)),
  });
  yield* checkHeldOut(evaluators, curriculum.partition);
  const { seeds, length, mask, training } = experiment;
  return {
    seeds,
    methods,
    source,
    sets: sets.map((set, i) => ({ ...set, cells: tallies[i].cells })),
    curriculum,
    transforms,
    sampler,
    length,
    mask,
    training,
    judges,
  } satisfies OpenedData;
});

/** Opens the data set of a gene set and checks that what is said about it exists. */
const openSet = Effect.fnUntraced(function* (set: GeneSet, own: Source, registry: Registry) {
  const source = set.source === null ? own : yield* yield* make(registry, "source", set.source);
  if (source.vocabulary.symbols.join("\n") !== own.vocabulary.symbols.join("\n")) {
    return yield* new InputError({
      message: `Cannot use the source of gene set "${set.name}": its vocabulary differs from the ` +
        `experiment's; import both into one atlas, or with the same list of genes`,
    });
  }
  for (const [name, category] of Object.entries(set.where)) {
    const found = yield* columnOf(source, name, `column "${name}" of gene set "${set.name}"`);
    if (!found.categories.includes(category)) {
      return yield* new ExperimentError({
        message: `Cannot find "${category}" in column "${name}" of gene set "${set.name}": ` +
          suggest(category, found.categories),
      });
    }
  }
  const label = set.label === null ? undefined : yield* columnOf(
    source,
    set.label,
    `label column "${set.label}" of gene set "${set.name}"`,
  );
  const dataSet: DataSet = { ...set, source, cells: 0, classes: label?.categories ?? [] };
  return dataSet;
});

/** The column of categories called `name`; where there is none, `what` is told to be missing. */
const columnOf = Effect.fnUntraced(function* (source: Source, name: string, what: string) {
  const found = source.columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  return yield* new ExperimentError({
    message: source.numbers?.includes(name)
      ? `Cannot use ${what}: it holds numbers; "gil atlas import" with --categories ${name} keeps ` +
        `them as categories`
      : `Cannot find ${what}: ${suggest(name, source.columns.map(({ name }) => name))}`,
  });
});

const checkLabels = Effect.fnUntraced(function* (sets: readonly DataSet[], evaluator: string) {
  const without = sets.find(({ label }) => label === null);
  if (without === undefined) return;
  return yield* new ExperimentError({
    message:
      `Cannot measure ${evaluator} of gene set "${without.name}": it names no label column; ` +
      `add "label", or leave the evaluator out`,
  });
});

/** Refuses evaluators that would find no labelled cell of a set to learn from. */
const checkShares = Effect.fnUntraced(function* (
  evaluators: readonly Evaluator[],
  set: string,
  { classes }: Tally,
) {
  const cells = classes.reduce((sum, count) => sum + count, 0);
  for (const { name, trainShare } of evaluators.filter(({ cells }) => cells === "labelled")) {
    if (trainShare === undefined || trainedOn(cells, trainShare) > 0) continue;
    return yield* new ExperimentError({
      message: `Cannot measure ${name} of gene set "${set}": "trainShare" ${trainShare} of its ` +
        `${cells} labelled cells is none to learn from; choose a larger share`,
    });
  }
});

/** Reads a data set once; refuses one without cells, and labels that leave nothing to tell apart. */
const surveyed = Effect.fnUntraced(function* (set: DataSet, transforms: Pick<Run, "transforms">) {
  const found: Tally = yield* Effect.tryPromise({
    try: () => tally(set, transforms),
    catch: (cause) =>
      cause instanceof InputError ? cause : new InputError({
        message: `Cannot read the data set of gene set "${set.name}": ${(cause as Error).message}`,
      }),
  });
  if (found.cells === 0) {
    return yield* new InputError({
      message: `Cannot use gene set "${set.name}": no cell matches ${JSON.stringify(set.where)}`,
    });
  }
  const classes = set.classes.filter((_, code) => found.classes[code] > 0);
  if (set.label !== null && classes.length < 2) {
    return yield* new InputError({
      message: `Cannot classify the cells of gene set "${set.name}": label column "${set.label}" ` +
        (classes.length === 1 ? `has the one class "${classes[0]}"` : "is empty there") +
        `; choose a column with at least two classes`,
    });
  }
  return found;
});
