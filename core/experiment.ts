/**
 * An experiment as plain JSON: what an experiment file says, before any plugin is made.
 *
 * @module
 */

import { Schema } from "effect";
import { required, setting } from "./plugin.ts";
import { Count, Positive, PositiveShare } from "./quantities.ts";

/** One plugin by id, its configuration beside it: `{ "use": "log1p" }`. */
export const Use = Schema.StructWithRest(Schema.Struct({ use: Schema.String }), [
  Schema.Record(Schema.String, Schema.Unknown),
]);
/** One plugin by id, its configuration beside it. */
export type Use = typeof Use.Type;

/** Genes that arrive in one stage, and the labelled cells on which knowing them is tested. */
export const GeneSet = Schema.Struct({
  name: required(Schema.String, "name of the set; its stage is called so"),
  where: setting(
    Schema.Record(Schema.String, Schema.String),
    {},
    "which cells are the set's data set: a category for each column named",
  ),
  label: setting(
    Schema.NullOr(Schema.String),
    null,
    "column that holds the classes of those cells; needed by classification",
  ),
  source: setting(
    Schema.NullOr(Use),
    null,
    "where those cells are, when not in the experiment's own source; same vocabulary",
  ),
});
/** Genes that arrive in one stage, and the labelled cells on which knowing them is tested. */
export type GeneSet = typeof GeneSet.Type;

/** How a model is trained in every stage: Adam with a new state in each. */
export const Training = Schema.Struct({
  batch: setting(Positive, 128, "cells in a step"),
  epochs: setting(
    Schema.Union([Positive, Schema.Array(Positive).check(Schema.isMinLength(1))]),
    5,
    "epochs of every stage, or a list: base stage first; joint training takes the first gene stage's",
  ),
  microBatch: setting(
    Schema.NullOr(Positive),
    null,
    "cells that the engine takes at once, of which gradients are added up; what fits unless given",
  ),
  rate: setting(Schema.Finite.check(Schema.isGreaterThan(0)), 5e-4, "learning rate"),
  warmup: setting(
    Count,
    5000,
    "steps over which the rate rises from 0, in the first stage that is trained",
  ),
});

/** What a method does about forgetting. Nothing: the baseline. */
export const Method = Schema.Struct({
  stages: setting(
    Schema.Literals(["sequential", "joint"]),
    "sequential",
    "sequential: one stage after the other; joint: all gene stages at once, the oracle",
  ),
  replay: setting(Schema.NullOr(Use), null, "memory of earlier stages' cells"),
  distiller: setting(Schema.NullOr(Use), null, "the previous stage's model as a teacher"),
});
/** What a method does about forgetting. */
export type Method = typeof Method.Type;

/** An engine by id, or none for the best that opens on the machine; its settings beside it. */
export const EngineUse = Schema.StructWithRest(
  Schema.Struct({
    use: setting(Schema.NullOr(Schema.String), null, "id; the best engine there is unless given"),
  }),
  [Schema.Record(Schema.String, Schema.Unknown)],
);
/** An engine by id, or none for the best that opens on the machine; its settings beside it. */
export type EngineUse = typeof EngineUse.Type;

/** An evaluator, and the sampler that chooses the genes it shows. */
export const Judge = Schema.StructWithRest(
  Schema.Struct({
    use: Schema.String,
    sampler: setting(Use, { use: "uniform" }, "which genes of a cell the model reads"),
  }),
  [Schema.Record(Schema.String, Schema.Unknown)],
);

/** A file by its path, and the hash of its bytes where no other content will do. */
const Origin = Schema.Struct({
  path: required(Schema.String, "file or checkpoint"),
  sha256: setting(Schema.NullOr(Schema.String), null, "SHA-256 that its file must have"),
});

/** The whole experiment file. */
export const Experiment = Schema.Struct({
  $schema: setting(Schema.String, "", "where editors find this file's JSON Schema"),
  name: required(Schema.String, "name of the experiment"),
  about: setting(Schema.String, "", "what it is for, in a sentence"),
  plugins: setting(
    Schema.Array(Schema.String),
    [],
    "modules with plugins of your own: paths relative to this file, or package names",
  ),
  seeds: setting(
    Schema.Array(Schema.Int).check(Schema.isMinLength(1), Schema.isUnique()),
    [1, 2, 3],
    "seeds, each once; every method is trained once with each",
  ),
  parallel: setting(
    Positive,
    1,
    "seeds that are trained side by side, each on an engine of its own; give engines fewer threads",
  ),
  source: required(Use, "where the cells come from"),
  sets: required(
    Schema.Array(GeneSet).check(Schema.isMinLength(1)),
    "the gene sets, in the order in which they arrive",
  ),
  curriculum: required(Use, "which genes are in each set, and which cells in each stage"),
  transforms: setting(
    Schema.Array(Use),
    [{ use: "log1p" }],
    "what is done to the values, in order",
  ),
  sampler: setting(Use, { use: "uniform" }, "which genes of a cell the model reads in training"),
  length: setting(Positive, 512, "genes of a cell that the model reads, at most"),
  mask: setting(PositiveShare, 0.4, "share of values that are masked in training"),
  architecture: required(Use, "the model"),
  from: setting(
    Schema.NullOr(Schema.Union([Schema.String, Origin])),
    null,
    "trained weights that every seed begins with: a checkpoint, a weights file of a run, or one " +
      "with the reference implementation's names; first weights are drawn unless given",
  ),
  training: setting(Training, {}, "how it is trained"),
  methods: required(
    Schema.Record(Schema.String, Method),
    "the methods to compare, by the names that the table shall show",
  ),
  evaluators: required(
    Schema.Array(Judge).check(Schema.isMinLength(1)),
    "how the models are judged after each stage",
  ),
  reporters: setting(
    Schema.Array(Use),
    [],
    "what hears of the run besides progress and table",
  ),
  engine: setting(
    EngineUse,
    {},
    'what computes, with its settings; without "use" the best there is',
  ),
  memory: setting(
    Schema.NullOr(Schema.String),
    null,
    'memory that training may take, such as "2GB"; what the machine has free unless given',
  ),
});
/** The whole experiment file. */
export type Experiment = typeof Experiment.Type;

/** Epochs of a stage: the list's last entry stands for all later stages. */
export function epochsOf(epochs: number | readonly number[], stage: number): number {
  return typeof epochs === "number" ? epochs : epochs[Math.min(stage, epochs.length - 1)];
}
